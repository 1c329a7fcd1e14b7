// Gaps of one row, as `notifyd gaps list` shows them: the commit and the appointment that could not be told.
import type { RowGap } from '../journal/row-gaps.js'

/** There can be as many as a partition has rows. */
export const rowsShown = 200

/** The shape that `--json` prints, among the gaps. */
export const rowGapAsJson = ({ id, lsn, committedAt, appointmentId, ...gap }: RowGap) => ({
  id,
  kind: 'row without its old row',
  lsn,
  committed_at: committedAt,
  appointment_id: appointmentId,
  appointment_external_id: gap.appointmentExternalId,
  found_at: new Date(gap.foundAt).toISOString(),
  accepted_at: gap.acceptedAt === null ? null : new Date(gap.acceptedAt).toISOString(),
})

export function rowOfRowGap({ lsn, committedAt, appointmentId, acceptedAt, ...gap }: RowGap): string {
  const state =
    acceptedAt === null ? 'waits for notifyd gaps accept' : `accepted at ${new Date(acceptedAt).toISOString()}`
  const external = gap.appointmentExternalId === null ? '' : ` (${gap.appointmentExternalId})`
  return `${new Date(gap.foundAt).toISOString()}  ${lsn}  committed ${committedAt}  ${state}
  appointment ${appointmentId}${external} was updated without its old row, and no image of it was known: what changed was not told`
}
