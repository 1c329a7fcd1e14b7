// Pieces of transactions in, their changes out, with each row that a transaction deletes and inserts again under the same identity
// as one update, at the insert's place: a row that moves between partitions has not gone and come anew. Owns that what is told so
// depends on the transaction alone: not on the batches in which its pieces come, nor on what of it is in the journal already.
import {
  type Commit,
  type Relation,
  type Row,
  type RowChange,
  type RowValue,
  type TransactionPiece,
  tooLong,
} from '../capture/change-message.js'
import type { Lsn } from '../capture/lsn.js'
import { identityIn, namesIn } from './column-names.js'
import { appointmentModel, type Model } from './model.js'
import { oldRowOf } from './old-row.js'

type Insert = Extract<RowChange, { readonly tag: 'insert' }>
type Delete = Extract<RowChange, { readonly tag: 'delete' }>

/** Undefined: nobody follows the table. */
export type ModelOf = (relation: Relation) => Model | undefined

/** So many characters of deleted rows are kept for the pieces of their transaction that follow: some 60,000 appointments. */
const maxKept = 24_000_000

/** A deleted row; its values as text, in the order of its relation's columns, since there may be many. */
interface Kept {
  readonly change: Omit<Delete, 'old'>
  readonly values: string
}

export class MovedRows {
  #commitLsn: Lsn | null = null
  /** Deleted by the pieces before, by identity. */
  #before = new Map<string, Kept>()
  #kept = 0

  constructor(
    private readonly modelOf: ModelOf,
    private readonly limit = maxKept,
  ) {}

  /**
   * Every piece of every transaction goes through here, whole and in order. A delete whose insert comes in the same piece is not
   * told by itself.
   */
  told({ commitLsn, changes, endLsn }: TransactionPiece): readonly RowChange[] {
    if (commitLsn !== this.#commitLsn) this.#forget()
    this.#commitLsn = commitLsn
    if (this.#before.size === 0 && changes.every(({ tag }) => tag !== 'delete')) return changes
    const deleted = new Map<string, Delete>()
    const paired = new Set<RowChange>()
    const told = changes.map((change) => {
      const model = this.modelOf(change.relation)
      if (model === undefined || (change.tag !== 'delete' && change.tag !== 'insert')) return change
      const key = identityOf(change, model)
      if (key === null) return change
      if (change.tag === 'delete') deleted.set(key, change)
      if (change.tag === 'delete') return change
      const here = deleted.get(key)
      const kept = this.#before.get(key)
      const before = here ?? (kept === undefined ? null : restored(kept))
      if (before === null || !isSameRow(before, change, model)) return change
      deleted.delete(key)
      this.#before.delete(key)
      if (here !== undefined) paired.add(here)
      return moved(before, change, model)
    })
    if (endLsn === null) this.#keep(deleted)
    else this.#forget()
    return told.filter((change) => !paired.has(change))
  }

  /** @param commits transactions whose last piece has come, or held nothing for us */
  ended(commits: readonly Commit[]): void {
    if (commits.some(({ lsn }) => lsn === this.#commitLsn)) this.#forget()
  }

  /** What is beyond the limit is told as deleted and inserted: a matter of the transaction, and the same at each decoding. */
  #keep(deleted: ReadonlyMap<string, Delete>): void {
    for (const [key, { old, ...change }] of deleted) {
      if (this.#kept > this.limit) return
      const values = JSON.stringify(change.relation.columns.map(({ name }) => written(old[name])))
      this.#kept += values.length
      this.#before.set(key, { change, values })
    }
  }

  #forget(): void {
    this.#commitLsn = null
    this.#before = new Map()
    this.#kept = 0
  }
}

function identityOf({ relation, ...change }: Insert | Delete, model: Model): string | null {
  const row = change.tag === 'insert' ? change.new : change.old
  const values = identityIn(relation, model).map((name) => row[name])
  if (values.length === 0 || !values.every((value) => typeof value === 'string')) return null
  return JSON.stringify([relation.oid, ...values])
}

/** To receivers an appointment is its external id: with another one it is another, under the same primary key too. */
function isSameRow(before: Delete, { relation, new: row }: Insert, model: Model): boolean {
  const { columns } = before.relation
  const isSameShape = columns.every(({ name }, at) => relation.columns[at]?.name === name)
  if (!isSameShape || columns.length !== relation.columns.length) return false
  if (model.name !== appointmentModel) return true
  const external = [...namesIn(relation, model)].find(([, name]) => name === 'externally_exposable_id')?.[0]
  const was = external === undefined ? null : (before.old[external] ?? null)
  return was === null || was === row[external ?? '']
}

/**
 * A delete always comes with its key. Where that is all that came it is not known what the row was, and its last image tells:
 * that is judged of the delete, since of an update a key that did not change would not have come.
 */
function moved(before: Delete, after: Insert, model: Model): RowChange {
  const of = { tag: 'update', ordinal: after.ordinal, relation: after.relation, new: after.new } as const
  const { isWhole } = oldRowOf(before, model, namesIn(before.relation, model))
  return isWhole ? { ...of, old: before.old } : { ...of, old: null, key: before.old }
}

/** 0: it did not come; 1: too long to be read. */
const written = (value: RowValue): string | null | 0 | 1 => (value === undefined ? 0 : value === tooLong ? 1 : value)

function restored({ change, values }: Kept): Delete {
  const all = JSON.parse(values) as readonly ReturnType<typeof written>[]
  const old: Record<string, RowValue> = Object.create(null)
  for (const [at, { name }] of change.relation.columns.entries()) {
    const value = all[at]
    old[name] = value === 1 ? tooLong : value === 0 ? undefined : value
  }
  return { ...change, old: old satisfies Row }
}
