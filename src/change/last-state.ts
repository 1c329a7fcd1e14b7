// Note states that were updated without their old row (a partition with identity DEFAULT, an identity that was toggled) in, told
// from what the WAL had last shown of the row out: `[old, new]` of what differs. Owns that one which may have notified, and of
// which nobody knows the state before, is known for a gap of its row.
import type { FieldValue, Image, ResolvedChange } from './captured-change.js'
import { noteStateModel } from './model.js'

/** The journal's side. */
export interface LastStates {
  /** Of each of these note state changes the image that the WAL had last shown, by id as text; only where that is sure. */
  statesBefore(ids: ReadonlySet<string>): ReadonlyMap<string, Image>
}

/**
 * @param changes one batch, in WAL order: what one of them shows is the last image for the next
 * @param notifying states of which somebody is told
 */
export function toldFromLastStates(
  changes: readonly ResolvedChange[],
  states: LastStates,
  notifying: Pick<ReadonlySet<string>, 'has'>,
): readonly ResolvedChange[] {
  const alone = new Set(changes.filter(isAlone).map(idBefore))
  if (alone.size === 0) return changes
  const last = new Map(states.statesBefore(alone))
  return changes.map((change) => {
    if (change.fieldChanges.model_name !== noteStateModel || change.operation === 'truncate') return change
    const before = last.get(idBefore(change))
    // The key of a row that may be inserted again shows nothing of it.
    if (change.operation === 'delete' && change.withoutOldImage) return change
    last.set(textOf(change.image['id']), change.image)
    if (!isAlone(change)) return change
    if (before !== undefined) return toldFrom(change, before)
    const mayNotify = change.appointment !== null && notifying.has(textOf(change.image['state']))
    return mayNotify ? { ...change, stateBefore: 'unknown' } : change
  })
}

const isAlone = ({ withoutOldImage, operation, fieldChanges }: ResolvedChange): boolean =>
  withoutOldImage && operation === 'update' && fieldChanges.model_name === noteStateModel

/** A key that changed came with its old value where the root of a partition is FULL. */
const idBefore = ({ image, fieldChanges }: ResolvedChange): string =>
  textOf(fieldChanges.fields['id']?.[0] ?? image['id'])

const textOf = (value: FieldValue | undefined): string => String(value ?? '')

/** Of a column that is not mapped no image knows what it was. */
function toldFrom(change: ResolvedChange, before: Image): ResolvedChange {
  const fields: Record<string, readonly [FieldValue, FieldValue]> = {}
  for (const [name, [, value]] of Object.entries(change.fieldChanges.fields)) {
    const old = before[name] ?? null
    if (name in before ? old !== value : value !== null) fields[name] = [old, value]
  }
  const image = { ...before, ...change.image }
  return { ...change, image, oldRowFrom: 'image', fieldChanges: { ...change.fieldChanges, fields } }
}
