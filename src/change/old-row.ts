// Which old values a change came with: the whole old row, its key only, or none. Owns that a key is not taken for a row of nulls,
// nor a row of few values for a key: a partition with identity DEFAULT logs its key only, and where its root is FULL the server
// sends that as if it were the whole row, every other column null. Nothing in the message tells the two apart but what stands in them.
import type { Row, RowChange } from '../capture/change-message.js'
import { appointmentModel, type Model, noteStateModel } from './model.js'

export interface OldRow {
  /** Null: nothing of it came. */
  readonly row: Row | null
  /** The whole row came, or there was none to come. */
  readonly isWhole: boolean
}

/** @param names real → canonical, of the mapped columns */
export function oldRowOf(change: RowChange, model: Model, names: ReadonlyMap<string, string>): OldRow {
  switch (change.tag) {
    case 'insert':
    case 'truncate':
      return { row: null, isWhole: true }
    case 'update':
      // Of an appointment the key finds its last image; of others no old value is told (spec section 3).
      if (change.old === null)
        return { row: model.name === appointmentModel ? (change.key ?? null) : null, isWhole: false }
      return { row: change.old, isWhole: isWhole(change.old, change.new, model, names) }
    case 'delete':
      return { row: change.old, isWhole: change.keyOnly !== true && isWhole(change.old, null, model, names) }
    default:
      return change satisfies never
  }
}

/**
 * Of an update a key comes only where one of its columns changed: where none that came did, it is the row. Else the row's other
 * values tell: a note state's state; an appointment's external id, beside which there is something else. Where that does not
 * tell, what came is taken for a key, and the change is told from the row's last image, which is right in either case; without
 * one it is a gap of the row, so that nothing is lost in silence, and nothing is told that may not be so.
 * @param row the new one; null: a delete
 */
function isWhole(old: Row, row: Row | null, model: Model, names: ReadonlyMap<string, string>): boolean {
  if (model.name !== appointmentModel && model.name !== noteStateModel) return true
  const set = Object.keys(old).filter((name) => isSet(old, name))
  const came = new Set(set.map((name) => names.get(name)))
  // The key of another index than the primary key's.
  if (!came.has('id')) return false
  if (row !== null) {
    if (set.every((name) => row[name] === undefined || row[name] === old[name])) return true
    // What did not come is nothing now: whichever it was, the same has changed.
    if (Object.keys(row).every((name) => isSet(old, name) || !isSet(row, name))) return true
  }
  if (model.name === noteStateModel) return came.has('state')
  return came.has('externally_exposable_id') && set.length > 2
}

const isSet = (row: Row, name: string): boolean => row[name] !== null && row[name] !== undefined
