// What the slot may be told, as a pure state machine. Durable LSNs and keepalives in; the LSN of the next status frame
// and "checkpoint this idle position now" out. Owns law 1: never above what the journal has fsynced, exact, monotonic.
// https://www.postgresql.org/docs/current/protocol-replication.html (Standby status update)
import { type Lsn, maxLsn } from './lsn.js'

/** A keepalive's position is persisted at most this often while nobody asks … */
const idlePersistMs = 10_000
/** … or after this much WAL that held nothing for us. */
const idlePersistBytes = 16n * 1024n * 1024n

export interface IdleInput {
  /** The keepalive's LSN: everything below it was sent before the keepalive. */
  readonly keepalive: Lsn
  /** A BEGIN was received without its COMMIT. */
  readonly transactionOpen: boolean
  /** Everything received before the keepalive is in the journal, or in the batch that is about to be appended. */
  readonly drained: boolean
  readonly replyRequested: boolean
  readonly nowMs: number
}

export class Acknowledgement {
  #durable: Lsn
  #idlePersistedAt = Number.NEGATIVE_INFINITY

  constructor(start: Lsn) {
    this.#durable = start
  }

  /** The LSN for write, flush and apply of a status frame. */
  get flush(): Lsn {
    return this.#durable
  }

  /** The journal has fsynced everything before `lsn`, and `lsn` itself as its checkpoint. */
  durable(lsn: Lsn): void {
    this.#durable = maxLsn(this.#durable, lsn)
  }

  /**
   * The position that the next append should checkpoint because of a keepalive, or null where it may not (something
   * received is not in the journal) or need not yet (so that an idle daemon does not write for every keepalive).
   */
  idle(input: IdleInput): Lsn | null {
    if (input.transactionOpen || !input.drained || input.keepalive <= this.#durable) return null
    const due =
      input.replyRequested ||
      input.nowMs - this.#idlePersistedAt >= idlePersistMs ||
      input.keepalive - this.#durable >= idlePersistBytes
    if (!due) return null
    this.#idlePersistedAt = input.nowMs
    return input.keepalive
  }
}

/** How long between status frames: well inside the server's patience, also while reading is paused. */
export const statusIntervalMs = (walSenderTimeoutMs: number): number =>
  walSenderTimeoutMs === 0 ? 10_000 : Math.max(100, Math.min(10_000, Math.floor(walSenderTimeoutMs / 3)))

export interface LivenessInput {
  readonly nowMs: number
  /** When the last bytes came, or when reading was last resumed, whichever is later. */
  readonly lastInboundAt: number
  readonly paused: boolean
  readonly walSenderTimeoutMs: number
  /** When it is asked again. */
  readonly nextLookMs: number
}

/**
 * Whether the server has been silent for longer than a living one can be: 2 × wal_sender_timeout while we were reading, or
 * it will have been before the next look.
 */
export const isSilent = ({ nowMs, lastInboundAt, paused, walSenderTimeoutMs, nextLookMs }: LivenessInput): boolean =>
  !paused && nowMs + nextLookMs - lastInboundAt > 2 * (walSenderTimeoutMs === 0 ? 60_000 : walSenderTimeoutMs)
