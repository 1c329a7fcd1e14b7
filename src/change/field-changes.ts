// One row change as PostgreSQL sent it in, a captured change with its `field_changes` out (spec section 3). Owns the
// meaning of a missing value: an unchanged TOAST value did not change, and is never reported as null.
import { NotReadyError } from '../base/errors.js'
import type { Relation, Row, RowChange, TransactionPiece } from '../capture/change-message.js'
import { readableIdentifier, readableTable } from '../capture/finding.js'
import type { CapturedChange, FieldValue } from './captured-change.js'
import type { Model } from './model.js'
import { type ValueReader, valueReader } from './values.js'

interface ColumnPlan {
  readonly real: string
  readonly name: string
  readonly read: ValueReader
  readonly isMapped: boolean
  readonly model: Model
}

/** Of all values of a change. Its JSON is then within what a text of JavaScript can hold (2^29 characters). */
const longest = 200_000_000

const tooLong = (column: string, model: Model): NotReadyError =>
  new NotReadyError(
    `with ${readableIdentifier(column)} of ${readableTable(model)} a change has more than ${longest / 1e6} million characters`,
    `add it to models.${model.name}.exclude_columns, and start again: nothing is lost meanwhile`,
  )

type Fields = Record<string, readonly [FieldValue, FieldValue]>

/**
 * Null for an update that changed no column that is kept: nothing happened that anybody could be told.
 * @throws NotReadyError when a mapped column has disappeared, or an unmapped one bears a canonical name.
 */
export function captureChange(change: RowChange, piece: TransactionPiece, model: Model): CapturedChange | null {
  const columns = planOf(change.relation, model)
  const withoutOldImage = change.tag === 'update' && change.old === null
  const old = change.tag === 'update' || change.tag === 'delete' ? change.old : null
  const row = change.tag === 'insert' || change.tag === 'update' ? change.new : null
  const fields = fieldsOf(columns, old, row, withoutOldImage)
  if (change.tag === 'update' && isEmpty(fields)) return null
  const image = imageOf(columns, row ?? old ?? {})
  return {
    commitLsn: piece.commitLsn,
    committedAt: piece.committedAt,
    ordinal: change.ordinal,
    operation: change.tag,
    changeType: model.changeType,
    fieldChanges: {
      model_name: model.name,
      created: change.tag === 'insert',
      deleted: change.tag === 'delete',
      fields,
      canvas_id: image['id'] ?? null,
      external_id: textOrNull(image['externally_exposable_id']),
      external_identifiers: null,
    },
    withoutOldImage,
    image,
  }
}

/** `[old, new]` of each column that differs. Null on both sides is no difference, so inserts and deletes need no rule. */
function fieldsOf(columns: readonly ColumnPlan[], old: Row | null, row: Row | null, withoutOldImage: boolean): Fields {
  const fields: Fields = {}
  let length = 0
  for (const { real, name, read, model } of columns) {
    const before = old?.[real] ?? null
    const after = row === null ? null : row[real]
    if (after === undefined || (after === before && !withoutOldImage)) continue
    length += (before?.length ?? 0) + (after?.length ?? 0)
    if (length > longest) throw tooLong(real, model)
    fields[name] = [before === null ? null : read(before), after === null ? null : read(after)]
  }
  return fields
}

/** Under FULL the decoder has filled an unchanged TOAST value from the old row; without it such a value is not known. */
function imageOf(columns: readonly ColumnPlan[], row: Row): Record<string, FieldValue> {
  const image: Record<string, FieldValue> = {}
  for (const { real, name, read, isMapped } of columns) {
    if (!isMapped) continue
    const text = row[real]
    if (text !== undefined) image[name] = text === null ? null : read(text)
  }
  return image
}

const plans = new WeakMap<Relation, readonly ColumnPlan[]>()

/** A relation is the same object until its table changes, so this is worked out once for each shape of a table. */
function planOf(relation: Relation, model: Model): readonly ColumnPlan[] {
  const known = plans.get(relation)
  if (known !== undefined) return known
  const canonicalNames = namesIn(relation, model)
  const found = new Set(canonicalNames.values())
  const missing = [...model.required].filter(([canonical]) => !found.has(canonical)).map(([, real]) => real)
  if (missing.length > 0) {
    throw new NotReadyError(
      `${readableTable(model)} no longer has the column ${missing.map(readableIdentifier).join(', ')}`,
      `map models.${model.name}.columns to the table's columns as they are now, with their names of before in models.${model.name}.former_columns, and start again: nothing is lost meanwhile`,
    )
  }
  const columns = relation.columns.filter(({ name }) => canonicalNames.has(name) || !model.excluded.has(name))
  const plan = columns.map((column) => {
    const canonical = canonicalNames.get(column.name)
    if (canonical === undefined && found.has(column.name)) {
      throw new NotReadyError(
        `${readableTable(model)} has a column ${readableIdentifier(column.name)}, and models.${model.name}.columns gives that name to another column`,
        `map ${column.name} too, or add it to models.${model.name}.exclude_columns`,
      )
    }
    const name = canonical ?? column.name
    return { real: column.name, name, read: valueReader(column.typeOid), isMapped: canonical !== undefined, model }
  })
  plans.set(relation, plan)
  return plan
}

/** Its mapped columns: under their names of today, or under a former one where the WAL is from before the renaming. */
function namesIn(relation: Relation, { canonicalNames, formerNames }: Model): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { name } of relation.columns) {
    const canonical = canonicalNames.get(name)
    if (canonical !== undefined) names.set(name, canonical)
  }
  const found = new Set(names.values())
  for (const { name } of relation.columns) {
    const canonical = formerNames.get(name)
    if (canonical === undefined || names.has(name) || found.has(canonical)) continue
    names.set(name, canonical)
    found.add(canonical)
  }
  return names
}

const isEmpty = (fields: Fields): boolean => {
  for (const _ in fields) return false
  return true
}

const textOrNull = (value: FieldValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value)
