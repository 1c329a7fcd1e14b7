// The link of an appointment to the one that it replaces, where the transaction that inserts the row sets it by a later
// statement: the insert is told as of the commit. Sees as far as one batch goes; pure.
import type { CapturedChange, FieldValue } from './captured-change.js'
import { appointmentModel } from './model.js'

const link = 'appointment_rescheduled_from_id'

/** By the place of the insert in `changes`: what its row is linked to by the end of its transaction, as text. */
export function linksSetLater(changes: readonly CapturedChange[]): ReadonlyMap<number, string> {
  const set = new Map<number, string>()
  /** Of the transaction at hand: the row's id → where it is inserted without a link. */
  let inserts = new Map<FieldValue, number>()
  let commitLsn: bigint | null = null
  for (const [at, { fieldChanges, image, operation, ...change }] of changes.entries()) {
    if (fieldChanges.model_name !== appointmentModel) continue
    if (change.commitLsn !== commitLsn) inserts = new Map()
    commitLsn = change.commitLsn
    const target = image[link] ?? null
    if (operation === 'insert' && target === null) inserts.set(fieldChanges.canvas_id, at)
    if (operation !== 'update' || target === null) continue
    const insert = inserts.get(fieldChanges.canvas_id)
    if (insert !== undefined) set.set(insert, String(target))
  }
  return set
}
