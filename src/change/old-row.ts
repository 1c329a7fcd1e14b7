// Which old values a change came with: the whole old row, its key only, or none. Owns that a key is not taken for a row of nulls:
// a partition with identity DEFAULT logs its key only, and where its root is FULL the server sends that as if it were the whole
// row, every other column null.
import type { Row, RowChange } from '../capture/change-message.js'
import { appointmentModel, type Model, noteStateModel } from './model.js'

export interface OldRow {
  /** Null: nothing of it came. */
  readonly row: Row | null
  /** The whole row came, or there was none to come. */
  readonly isWhole: boolean
}

/** More columns than this are in no key that anybody partitions by. */
const keyColumns = 3
/** So many beside the key are null in a row that is only its key. */
const nullColumns = 3

export function oldRowOf(change: RowChange, model: Model): OldRow {
  switch (change.tag) {
    case 'insert':
    case 'truncate':
      return { row: null, isWhole: true }
    case 'update':
      // Of an appointment the key finds its last image; of others no old value is told (spec section 3).
      if (change.old === null)
        return { row: model.name === appointmentModel ? (change.key ?? null) : null, isWhole: false }
      return { row: change.old, isWhole: !isKeyAlone(change.old, model) }
    case 'delete':
      return { row: change.old, isWhole: change.keyOnly !== true && !isKeyAlone(change.old, model) }
    default:
      return change satisfies never
  }
}

/** A note state always has its state; of an appointment's many columns more than a key's are set. */
function isKeyAlone(row: Row, model: Model): boolean {
  if (model.name === noteStateModel) return row[model.required.get('state') ?? ''] === null
  if (model.name !== appointmentModel) return false
  const values = Object.values(row)
  const set = values.filter((value) => value !== null).length
  return set <= keyColumns && values.length - set >= nullColumns
}
