// What the log says of appointments and note states that came without their old row: whose update could not be told, and that
// others were told from their last images. A line for each batch that has any, however many they are.
import type { Log } from './base/log.js'
import { formatLsn } from './capture/lsn.js'
import type { ResolvedChange } from './change/captured-change.js'
import { gapOfRow } from './change/last-image.js'

export function logOldRows(changes: readonly ResolvedChange[], log: Log): void {
  const gaps = changes.flatMap((change) => {
    const gap = gapOfRow(change)
    return gap === null ? [] : [{ ...gap, change }]
  })
  const [first] = gaps
  if (first !== undefined) {
    const { appointmentId: appointment_id, appointment, change } = first
    const model = change.fieldChanges.model_name
    log.error(
      { lsn: formatLsn(change.commitLsn), model, appointment_id, appointment, more: gaps.length - 1 },
      'a row was updated without its old row, and no image of it is known: a gap of this row, see `notifyd gaps list`',
    )
  }
  const told = changes.filter(({ oldRowFrom }) => oldRowFrom !== undefined)
  const [one] = told
  if (one === undefined) return
  log.warn(
    { lsn: formatLsn(one.commitLsn), appointment: one.appointment?.externally_exposable_id, more: told.length - 1 },
    'a row came without its old row, and was told from its last image: run `notifyd check`, it prints the SQL',
  )
}
