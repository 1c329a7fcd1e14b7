// What the log says of appointments that came without their old row: whose update could not be told, and that others were told
// from their last images. A line for each batch that has any, however many they are.
import type { Log } from './base/log.js'
import { formatLsn } from './capture/lsn.js'
import type { CapturedChange } from './change/captured-change.js'
import { isRowGap } from './change/last-image.js'

export function logOldRows(changes: readonly CapturedChange[], log: Log): void {
  const gaps = changes.filter(isRowGap)
  const [first] = gaps
  if (first !== undefined) {
    const { canvas_id, external_id } = first.fieldChanges
    log.error(
      { lsn: formatLsn(first.commitLsn), appointment_id: canvas_id, appointment: external_id, more: gaps.length - 1 },
      'an appointment was updated without its old row, and no image of it is known: a gap of this row, see `notifyd gaps list`',
    )
  }
  const told = changes.filter(({ oldRowFrom }) => oldRowFrom !== undefined)
  const [one] = told
  if (one === undefined) return
  log.warn(
    { lsn: formatLsn(one.commitLsn), appointment: one.fieldChanges.external_id, more: told.length - 1 },
    'an appointment came without its old row, and was told from its last image: run `notifyd check`, it prints the SQL',
  )
}
