// One row change as PostgreSQL sent it in, a captured change with its `field_changes` out (spec section 3). Owns the
// meaning of a missing value: an unchanged TOAST value did not change, and is never reported as null. Owns the size of a
// change: what could not be written as one JSON text stops the daemon, by name.
import { NotReadyError } from '../base/errors.js'
import {
  bpcharOid,
  type Relation,
  type Row,
  type RowChange,
  type RowValue,
  type TransactionPiece,
  tooLong,
} from '../capture/change-message.js'
import { readableIdentifier, readableTable } from '../capture/finding.js'
import { maxValueBytes } from '../capture/long-values.js'
import { formatLsn, type Lsn } from '../capture/lsn.js'
import type { CapturedChange, FieldValue } from './captured-change.js'
import { namesIn } from './column-names.js'
import type { Model } from './model.js'
import { namesOfToday } from './names-of-today.js'
import { oldRowOf } from './old-row.js'
import { type ValueReader, valueReader } from './values.js'

interface ColumnPlan {
  readonly real: string
  readonly name: string
  readonly read: ValueReader
  readonly isMapped: boolean
  readonly isBlankPadded: boolean
}

/** Without a prototype: no column is there by inheritance, whatever it is called. */
const noRow: Row = Object.create(null)

type OldAndNew = readonly [FieldValue, FieldValue]
type Fields = Record<string, OldAndNew>

/**
 * Null for an update that changed no column that is kept: nothing happened that anybody could be told.
 * @param maxLength of all values of a change together, in UTF-16 units
 * @throws NotReadyError when a mapped column has disappeared, an unmapped one bears a canonical name, or the values are too long.
 */
export function captureChange(
  change: RowChange,
  piece: TransactionPiece,
  model: Model,
  maxLength = maxValueBytes,
): CapturedChange | null {
  const { columns, names } = planOf(change.relation, model, piece.commitLsn)
  const { row: old, isWhole } = oldRowOf(change, model, names)
  const withoutOldImage = !isWhole
  const row = change.tag === 'insert' || change.tag === 'update' ? change.new : null
  const { fields, length, longest } = fieldsOf(columns, old, row, withoutOldImage && row !== null)
  if (change.tag === 'update' && longest === null) return null
  if (longest !== null && length > maxLength) throw tooMuch(longest.real, model, maxLength)
  const image = imageOf(columns, row ?? keptOf(old ?? noRow, isWhole))
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
      canvas_id: image['id'] ?? rowKeyOf(change.relation, model, row ?? old ?? noRow),
      external_id: textOrNull(image['externally_exposable_id']),
      external_identifiers: null,
    },
    withoutOldImage,
    image,
  }
}

/**
 * `[old, new]` of each column that differs, the length of all these values, and the longest; null: none differs. Null on both
 * sides is no difference, so inserts and deletes need no rule.
 */
function fieldsOf(columns: readonly ColumnPlan[], old: Row | null, row: Row | null, withoutOldImage: boolean) {
  const fields: Fields = {}
  let length = 0
  let longest: { readonly real: string; readonly length: number } | null = null
  for (const column of columns) {
    const { real, name } = column
    const before = old?.[real] ?? null
    const after = row === null ? null : row[real]
    // Of values too long to be read, the decoder leaves away the new one where it is the old one.
    const isSame = after === before ? after !== tooLong : areEqual(before, after, column)
    if (after === undefined || (isSame && !withoutOldImage)) continue
    const own = lengthOf(before) + lengthOf(after)
    length += own
    if (longest === null || own > longest.length) longest = { real, length: own }
    put<OldAndNew>(fields, name, [typed(before, column), typed(after, column)])
  }
  return { fields, length, longest }
}

/** Texts that differ may be one value to PostgreSQL: those of a char that differ in blanks at the end. */
const areEqual = (before: RowValue, after: RowValue, { read, isBlankPadded }: ColumnPlan): boolean =>
  isBlankPadded && typeof before === 'string' && typeof after === 'string' && read(before) === read(after)

/** The value of a primary key that is not called `id`; of several columns their values; or null. */
function rowKeyOf({ columns }: Relation, { rowKey }: Model, row: Row): FieldValue {
  const values = rowKey.map((real) => row[real])
  const [only] = values
  if (values.length === 1 && typeof only === 'string') {
    const column = columns.find(({ name }) => name === rowKey[0])
    return valueReader(column?.typeOid ?? 0)(only)
  }
  return values.length > 0 && values.every((value) => typeof value === 'string') ? values.join(',') : null
}

/** A column may be called `__proto__`, which an assignment would take for the object's prototype. */
function put<T>(object: Record<string, T>, name: string, value: T): void {
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

const lengthOf = (value: RowValue): number => (value === tooLong ? Number.POSITIVE_INFINITY : (value?.length ?? 0))

const tooMuch = (longest: string, model: Model, maxLength: number): NotReadyError =>
  new NotReadyError(
    `with ${readableIdentifier(longest)} of ${readableTable(model)} a change has more than ${maxLength / 1e6} million characters`,
    `add it to models.${model.name}.exclude_columns, and start again: nothing is lost meanwhile`,
  )

const typed = (value: RowValue, { read }: ColumnPlan): FieldValue => (typeof value === 'string' ? read(value) : null)

/** Of a key that stands for a row the nulls are not the row's. */
const keptOf = (row: Row, isWhole: boolean): Row =>
  isWhole
    ? row
    : Object.assign(Object.create(null), Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))

/** Under FULL the decoder has filled an unchanged TOAST value from the old row; without it such a value is not known. */
function imageOf(columns: readonly ColumnPlan[], row: Row): Record<string, FieldValue> {
  const image: Record<string, FieldValue> = {}
  for (const column of columns) {
    const value = row[column.real]
    if (column.isMapped && value !== undefined) put(image, column.name, typed(value, column))
  }
  return image
}

interface Plan {
  readonly columns: readonly ColumnPlan[]
  /** Real → canonical, of the mapped columns. */
  readonly names: ReadonlyMap<string, string>
}

const plans = new WeakMap<Relation, Plan>()

/** A relation is the same object until its table changes, so this is worked out once for each shape of a table. */
function planOf(relation: Relation, model: Model, at: Lsn): Plan {
  const known = plans.get(relation)
  if (known !== undefined) return known
  const today = todayIn(relation, model)
  const isProven = isFresh(model, at)
  const names = namesIn(relation, model, isProven ? today : noNames)
  const found = new Set(names.values())
  const missing = [...model.required].filter(([canonical]) => !found.has(canonical)).map(([, real]) => real)
  // One that the daemon runs without, too: it is there, and the next connection knows it.
  for (const now of isProven ? [] : today.values()) {
    const canonical = model.canonicalNames.get(now)
    if (canonical !== undefined && !found.has(canonical) && !missing.includes(now)) missing.push(now)
  }
  if (missing.length > 0) throw missingColumns(missing, relation, model, at)
  const isKept = (name: string) => !model.excluded.has(name) && !model.excluded.has(today.get(name) ?? name)
  const kept = relation.columns.filter(({ name }) => names.has(name) || isKept(name))
  const columns = kept.map((column) => {
    const canonical = names.get(column.name)
    if (canonical === undefined && found.has(column.name)) {
      throw new NotReadyError(
        `${readableTable(model)} has a column ${readableIdentifier(column.name)}, and models.${model.name}.columns gives that name to another column`,
        `map ${column.name} too, or add it to models.${model.name}.exclude_columns`,
      )
    }
    const name = canonical ?? column.name
    const isBlankPadded = column.typeOid === bpcharOid
    const read = valueReader(column.typeOid)
    return { real: column.name, name, read, isMapped: canonical !== undefined, isBlankPadded }
  })
  const plan = { columns, names }
  plans.set(relation, plan)
  return plan
}

/** Of the table that is followed now, and of no other of its name. */
const todayIn = (relation: Relation, { shape }: Model): ReadonlyMap<string, string> =>
  shape?.oid === relation.oid ? namesOfToday(relation, shape.attributes) : noNames

const noNames: ReadonlyMap<string, string> = new Map()

/** Whether what became of the table before that commit is in what the catalogs said. */
const isFresh = ({ shape }: Model, at: Lsn): boolean => shape !== undefined && shape.at !== null && at < shape.at

/** Where the catalogs were asked before the commit, the next connection asks them anew; what they do not prove then, they never will. */
function missingColumns(missing: readonly string[], relation: Relation, model: Model, at: Lsn): NotReadyError {
  const now = new Set(model.shape?.attributes.map(({ name }) => name))
  const others = relation.columns.filter(({ name }) => !now.has(name) && !model.canonicalNames.has(name))
  const then =
    others.length === 0 ? '' : `, where it had ${others.map(({ name }) => readableIdentifier(name)).join(', ')}`
  return new NotReadyError(
    `${readableTable(model)} no longer has the column ${missing.map(readableIdentifier).join(', ')} in what committed at ${formatLsn(at)}${then}`,
    `map models.${model.name}.columns to the table's columns as they are now, with their names of then in models.${model.name}.former_columns, and start again: nothing is lost meanwhile`,
    { mayPass: model.shape?.oid === relation.oid && !isFresh(model, at) },
  )
}

const textOrNull = (value: FieldValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value)
