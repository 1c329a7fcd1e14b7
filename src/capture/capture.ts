// The stream of one connection as batches of committed changes. Ties the wire, the decoder and the assembler together.
// Owns back-pressure: the socket is paused while more is waiting than the consumer has taken, so memory stays flat.

import { Acknowledgement } from './acknowledgement.js'
import type { EndedCommit, TransactionPiece } from './change-message.js'
import { Decoder } from './decode.js'
import type { Lsn } from './lsn.js'
import type { ReplicationStream } from './replication-stream.js'
import { TransactionAssembler, type TransactionOptions } from './transaction.js'

export interface CaptureOptions extends TransactionOptions {
  readonly stream: ReplicationStream
  readonly slot: string
  readonly publication: string
  /** The journal's durable LSN: streaming starts exactly there. */
  readonly from: Lsn
  /** Reading pauses above this many bytes of waiting messages. */
  readonly maxQueuedBytes: number
}

/** What the consumer makes durable in one append. */
export interface CapturedBatch {
  /** In WAL order; together at most about `maxChanges` changes, unless one piece has more. */
  readonly pieces: readonly TransactionPiece[]
  /** The transactions that end with this batch and hold changes of published tables, ours or not, in WAL order. */
  readonly commits: readonly EndedCommit[]
  /** The end LSN that the journal's checkpoint moves to with this batch; null: it holds only a part of a transaction. */
  readonly checkpointLsn: Lsn | null
}

interface Queued {
  readonly piece: TransactionPiece
  readonly bytes: number
}

export class Capture {
  readonly #options: CaptureOptions
  readonly #acknowledgement: Acknowledgement
  readonly #decoder: Decoder
  readonly #assembler: TransactionAssembler
  #queue: Queued[] = []
  #queuedBytes = 0
  #openBytes = 0
  /** A keepalive after which nothing was received yet. */
  #keepalive: { readonly walEnd: Lsn; readonly replyRequested: boolean } | null = null
  #received: Lsn
  #ended: { readonly error: Error | null } | null = null
  #wake: (() => void) | null = null
  #abandon: ((error: Error) => void) | null = null

  private constructor(options: CaptureOptions) {
    this.#options = options
    this.#acknowledgement = new Acknowledgement(options.from)
    this.#assembler = new TransactionAssembler(options)
    this.#decoder = new Decoder(options.stream.encoding)
    this.#received = options.from
  }

  /** @throws whatever the server answers to START_REPLICATION. */
  static async start(options: CaptureOptions): Promise<Capture> {
    const capture = new Capture(options)
    const { stream, slot, publication, from } = options
    await stream.start(slot, publication, from, {
      data: (payload) => capture.#data(payload),
      keepalive: (walEnd, replyRequested) => capture.#onKeepalive(walEnd, replyRequested),
      ended: (error) => capture.#end(error),
    })
    return capture
  }

  /** The end of WAL as the server last told it. */
  get receivedLsn(): Lsn {
    return this.#received
  }

  /** Everything below it is in the journal, or held nothing for us. */
  get reachedLsn(): Lsn {
    // A consumer that waits for more has taken and acknowledged all that came.
    const isDrained = this.#wake !== null && !this.#assembler.isOpen
    return isDrained ? this.#received : this.#acknowledgement.flush
  }

  /**
   * Batches until the stream ends: returns after `close()`, throws what broke the connection otherwise. What was received
   * but not yet taken is dropped then: the server sends it again.
   */
  async *batches(): AsyncGenerator<CapturedBatch, void, void> {
    for (;;) {
      if (this.#ended !== null) {
        if (this.#ended.error !== null) throw this.#ended.error
        return
      }
      const batch = this.#take()
      if (batch !== null) yield batch
      else await new Promise<void>((resolve) => this.#sleep(resolve))
    }
  }

  /**
   * What `work` gives, unless the connection is lost first: then throws what broke it, and `work` is left behind. For what
   * changes nothing, and may wait for the same network.
   */
  unlessLost<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#abandon = reject
      if (this.#ended !== null && this.#ended.error !== null) reject(this.#ended.error)
      work.then(resolve, reject)
    })
  }

  /** The journal has fsynced `lsn` as its checkpoint: the slot may be told. */
  acknowledge(lsn: Lsn): void {
    this.#acknowledgement.durable(lsn)
    this.#options.stream.acknowledge(this.#acknowledgement.flush)
  }

  /** No further batch; what the consumer holds can still be acknowledged, until the stream is closed. */
  finish(): void {
    this.#options.stream.pause()
    this.#end(null)
  }

  #take(): CapturedBatch | null {
    const { maxChanges, maxBytes, stream } = this.#options
    const pieces: TransactionPiece[] = []
    const commits: EndedCommit[] = []
    let changes = 0
    let bytes = 0
    let checkpointLsn: Lsn | null = null
    let taken = 0
    for (const { piece, bytes: size } of this.#queue) {
      if (taken > 0 && (changes + piece.changes.length > maxChanges || bytes + size > maxBytes)) break
      taken += 1
      changes += piece.changes.length
      bytes += size
      const { commitLsn, committedAt, endLsn } = piece
      checkpointLsn = endLsn ?? checkpointLsn
      if (piece.changes.length > 0) pieces.push(piece)
      if (endLsn !== null && piece.rows > 0) commits.push({ lsn: commitLsn, at: committedAt, endLsn })
    }
    this.#queue = this.#queue.slice(taken)
    this.#queuedBytes -= bytes
    if (this.#queuedBytes < this.#options.maxQueuedBytes / 2) stream.resume()
    checkpointLsn = this.#idle() ?? checkpointLsn
    return pieces.length === 0 && checkpointLsn === null ? null : { pieces, commits, checkpointLsn }
  }

  #idle(): Lsn | null {
    if (this.#keepalive === null) return null
    const lsn = this.#acknowledgement.idle({
      keepalive: this.#keepalive.walEnd,
      replyRequested: this.#keepalive.replyRequested,
      transactionOpen: this.#assembler.isOpen,
      drained: this.#queue.length === 0,
      nowMs: performance.now(),
    })
    // Given once: to a consumer that does not acknowledge it, it would be given again for ever, and nothing more be read.
    if (lsn !== null) this.#keepalive = null
    return lsn
  }

  #data(payload: Buffer): void {
    this.#keepalive = null
    this.#openBytes += payload.length
    const piece = this.#assembler.push(this.#decoder.decode(payload), payload.length)
    if (piece === null) return
    this.#received = piece.endLsn ?? this.#received
    this.#queue.push({ piece, bytes: this.#openBytes })
    this.#queuedBytes += this.#openBytes
    this.#openBytes = 0
    if (this.#queuedBytes > this.#options.maxQueuedBytes) this.#options.stream.pause()
    this.#notify()
  }

  #onKeepalive(walEnd: Lsn, replyRequested: boolean): void {
    this.#keepalive = { walEnd, replyRequested }
    if (walEnd > this.#received) this.#received = walEnd
    if (replyRequested) this.#options.stream.reply()
    this.#notify()
  }

  #end(error: Error | null): void {
    this.#ended = { error }
    if (error !== null) this.#abandon?.(error)
    this.#notify()
  }

  #sleep(resolve: () => void): void {
    this.#wake = resolve
    if (this.#ended !== null) this.#notify()
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = null
  }
}
