// Decoded messages in, pieces of committed transactions out. Owns the identity of a change: its ordinal counts every
// change message of the transaction, before any filter of ours, so that it is the same on every decoding of the same WAL.
// Owns flat memory: a large transaction is cut into pieces.
import { StreamError } from '../base/errors.js'
import type { Micros } from '../base/time.js'
import type { Relation, RowChange, TransactionPiece } from './change-message.js'
import type { DecodedMessage } from './decode.js'
import type { Lsn } from './lsn.js'

export interface TransactionOptions {
  /** Whether a table's rows are wanted; others are counted and dropped. */
  readonly isWanted: (relation: Relation) => boolean
  /** A piece is cut at this many changes (at most 5,000, design law 2) … */
  readonly maxChanges: number
  /** … or at this many bytes of WAL messages. */
  readonly maxBytes: number
}

interface Open {
  readonly commitLsn: Lsn
  readonly committedAt: Micros
  ordinal: number
  changes: RowChange[]
  bytes: number
}

/** Groups the messages of one connection. proto_version 1 sends committed transactions only, whole, in commit order. */
export class TransactionAssembler {
  #open: Open | null = null
  constructor(private readonly options: TransactionOptions) {}

  /** Whether a BEGIN was seen without its COMMIT: nothing later may be acknowledged. */
  get isOpen(): boolean {
    return this.#open !== null
  }

  /**
   * Takes the next message and its size; gives a piece when one is complete.
   * @throws StreamError `MALFORMED` for a message outside a transaction or a BEGIN inside one.
   */
  push(message: DecodedMessage, bytes: number): TransactionPiece | null {
    switch (message.tag) {
      case 'begin': {
        if (this.#open !== null) throw new StreamError('MALFORMED', 'the server sent BEGIN inside a transaction')
        const { commitLsn, committedAt } = message
        this.#open = { commitLsn, committedAt, ordinal: 0, changes: [], bytes: 0 }
        return null
      }
      case 'insert':
        this.#add({ tag: 'insert', ordinal: this.#next(), relation: message.relation, new: message.new }, bytes)
        return this.#cut()
      case 'update': {
        this.#add({ ...message, ordinal: this.#next() }, bytes)
        return this.#cut()
      }
      case 'delete':
        this.#add({ ...message, ordinal: this.#next() }, bytes)
        return this.#cut()
      case 'truncate':
        for (const relation of message.relations) this.#add({ tag: 'truncate', ordinal: this.#next(), relation }, bytes)
        return this.#cut()
      case 'commit': {
        const { commitLsn, committedAt, changes, ordinal: rows } = this.#current()
        this.#open = null
        return { commitLsn, committedAt, changes, rows, endLsn: message.endLsn }
      }
      case 'other':
        return null
      default:
        return message satisfies never
    }
  }

  #next(): number {
    return this.#current().ordinal++
  }

  #add(change: RowChange, bytes: number): void {
    if (!this.options.isWanted(change.relation)) return
    const open = this.#current()
    open.changes.push(change)
    open.bytes += bytes
  }

  #cut(): TransactionPiece | null {
    const open = this.#current()
    if (open.changes.length < this.options.maxChanges && open.bytes < this.options.maxBytes) return null
    const { commitLsn, committedAt, changes, ordinal: rows } = open
    open.changes = []
    open.bytes = 0
    return { commitLsn, committedAt, changes, rows, endLsn: null }
  }

  #current(): Open {
    if (this.#open === null) throw new StreamError('MALFORMED', 'the server sent a row or COMMIT outside a transaction')
    return this.#open
  }
}
