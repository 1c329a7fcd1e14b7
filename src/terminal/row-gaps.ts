// Gaps of one row, as `notifyd gaps list` shows them: the commit, and the appointment of which something could not be told.
import { noteStateModel } from '../change/model.js'
import type { RowGap } from '../journal/row-gaps.js'

/** The shape that `--json` prints, among the gaps. */
export const rowGapAsJson = ({ id, lsn, committedAt, appointmentId, model, ...gap }: RowGap) => ({
  id,
  kind: 'row without its old row',
  model,
  lsn,
  committed_at: committedAt,
  appointment_id: appointmentId,
  appointment_external_id: gap.appointmentExternalId,
  found_at: new Date(gap.foundAt).toISOString(),
  accepted_at: gap.acceptedAt === null ? null : new Date(gap.acceptedAt).toISOString(),
})

/** As `gaps accept` takes it. */
export const rowGapName = ({ id }: Pick<RowGap, 'id'>): string => `row-${id}`

export function rowOfRowGap({ lsn, committedAt, appointmentId, acceptedAt, model, ...gap }: RowGap): string {
  const state =
    acceptedAt === null
      ? `waits for notifyd gaps accept ${rowGapName(gap)}, or --rows`
      : `accepted at ${new Date(acceptedAt).toISOString()}`
  const external = gap.appointmentExternalId === null ? '' : ` (${gap.appointmentExternalId})`
  return `${rowGapName(gap)}  ${new Date(gap.foundAt).toISOString()}  ${lsn}  committed ${committedAt}  ${state}
  ${model === noteStateModel ? 'a note state of ' : ''}appointment ${appointmentId}${external} was updated without its old row, and no image of it was known: what changed was not told`
}
