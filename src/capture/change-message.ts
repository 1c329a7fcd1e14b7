// What decoding gives: row changes as PostgreSQL sent them, every value its exact text. Shared by decode (which makes
// them), transaction (which groups them) and the change folder (which types them).
// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
import type { Micros } from '../base/time.js'
import type { Lsn } from './lsn.js'

/** Stands for a value of more than `maxValueBytes`: it was sent, and not read. */
export const tooLong = Symbol('too long')

/** Text, null, undefined for an unchanged TOAST value that was not sent, or `tooLong`. */
export type RowValue = string | null | undefined | typeof tooLong

/** By column name. */
export type Row = Readonly<Record<string, RowValue>>

export interface Column {
  readonly name: string
  /** Unsigned. A domain has its own OID, not its base type's, but for one over `char(n)`. */
  readonly typeOid: number
}

/** pg_type.oid of `char(n)`. */
export const bpcharOid = 1042

/** A published table as it was when the row was written. The same object for every row until the table changes. */
export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly table: string
  readonly identity: 'default' | 'nothing' | 'full' | 'index'
  readonly columns: readonly Column[]
}

interface Position {
  /** Among the transaction's change messages, from 0, counted before any filter of ours. */
  readonly ordinal: number
  readonly relation: Relation
}

export type RowChange =
  | (Position & { readonly tag: 'insert'; readonly new: Row })
  /** `old`: the whole old row, sent under REPLICA IDENTITY FULL only; else null. */
  | (Position & {
      readonly tag: 'update'
      readonly old: Row | null
      /** The identity's columns as they were, where one of them changed and the whole old row was not sent. */
      readonly key?: Row
      readonly new: Row
    })
  /** `old` holds every column under FULL, else the identity's columns only, and `keyOnly` is set. */
  | (Position & { readonly tag: 'delete'; readonly old: Row; readonly keyOnly?: true })
  /** TRUNCATE of one table (one change per table of the statement, each with an ordinal). */
  | (Position & { readonly tag: 'truncate' })

/** A run of changes of one committed transaction, in order. Only the last piece of a transaction has `endLsn`. */
export interface TransactionPiece {
  readonly commitLsn: Lsn
  readonly committedAt: Micros
  readonly changes: readonly RowChange[]
  /** Change messages of the transaction so far, those of other tables too. */
  readonly rows: number
  /** The commit's end LSN: what is checkpointed and acknowledged. Null while more pieces of this transaction follow. */
  readonly endLsn: Lsn | null
}

/** A transaction with changes of published tables, whether any of them was ours. Its time has microseconds: no two are alike. */
export interface Commit {
  readonly lsn: Lsn
  readonly at: Micros
}

export interface EndedCommit extends Commit {
  readonly endLsn: Lsn
}
