// The whole walk on one screen. Batches of committed changes in; durable changes and debts out; then the slot is told.
//
//   change       one row's insert, update or delete, as PostgreSQL committed it
//   delivery     a notification that is owed to an endpoint
//   attempt      one POST of a delivery
//   checkpoint   the end LSN before which everything is in the journal
//   acknowledge  tell the slot the checkpoint, so that the server may free WAL
//   gap          changes that the server no longer has and the journal never had
import type { Capture, CapturedBatch } from './capture/capture.js'
import type { Relation, TransactionPiece } from './capture/change-message.js'
import type { Lsn } from './capture/lsn.js'
import type { CapturedChange, ResolvedChange } from './change/captured-change.js'
import { captureChange } from './change/field-changes.js'
import type { FollowedTables } from './change/followed-tables.js'
import type { Model } from './change/model.js'
import type { ComputedChange, Source } from './compute/computed-change.js'
import type { Delivery } from './journal/delivery.js'
import { failpoint } from './journal/failpoint.js'
import type { Journal } from './journal/journal.js'

export interface Walk {
  readonly source: Source
  readonly capture: Capture
  readonly followed: FollowedTables
  /** The error with which the walk ends at a row of a table that has taken a followed one's name. */
  readonly replaced: (relation: Relation, model: Model, commitLsn: Lsn) => Error
  readonly journal: Journal
  resolve(changes: readonly CapturedChange[]): Promise<readonly ResolvedChange[]>
  compute(changes: readonly ResolvedChange[]): Promise<readonly ComputedChange[]>
  /** Called after each append, with what is newly owed to each endpoint. */
  appended(changes: readonly ComputedChange[], owed: ReadonlyMap<string, readonly Delivery[]>): void
  /** Called after a batch that took long: sending may have the event loop for up to `ms`. */
  giveWay(ms: number): Promise<void>
}

/** Batches that take longer come from a backlog or a large transaction; what is delivered meanwhile gets its half. */
const longMs = 20

/** Walks until the stream is closed. Throws what broke it; nothing was acknowledged that is not in the journal. */
export async function walk(options: Walk): Promise<void> {
  const { capture, journal, source } = options
  const journaled = new JournaledChanges(journal, source)
  for await (const batch of capture.batches()) {
    const began = performance.now()
    const captured = batch.pieces.flatMap((piece) => typed(piece, options, journaled))
    const resolved = await capture.unlessLost(options.resolve(captured))
    const computed = await options.compute(resolved)
    failpoint('before append')
    const { owed } = await journal.append({
      source,
      changes: computed,
      durableLsn: batch.checkpointLsn,
      lastCommit: lastCommit(batch),
    })
    options.appended(computed, owed)
    failpoint('before acknowledge')
    if (batch.checkpointLsn !== null) capture.acknowledge(batch.checkpointLsn)
    failpoint('after acknowledge')
    const tookMs = performance.now() - began
    if (tookMs > longMs) await options.giveWay(tookMs)
  }
}

function typed(
  piece: TransactionPiece,
  { followed, replaced }: Pick<Walk, 'followed' | 'replaced'>,
  journaled: JournaledChanges,
): CapturedChange[] {
  const upTo = journaled.lastOrdinal(piece.commitLsn)
  const changes: CapturedChange[] = []
  for (const change of piece.changes) {
    const following = followed.of(change.relation)
    if (following.tag === 'stranger' || change.ordinal <= upTo) continue
    if (following.tag === 'replaced') throw replaced(change.relation, following.model, piece.commitLsn)
    const captured = captureChange(change, piece, following.model)
    if (captured !== null) changes.push(captured)
  }
  return changes
}

function lastCommit(batch: CapturedBatch): { lsn: Lsn; at: number } | null {
  const piece = batch.pieces.at(-1)
  return piece === undefined ? null : { lsn: piece.commitLsn, at: piece.committedAt }
}

/**
 * A crash between two pieces of a large transaction leaves its beginning in the journal. Only the first transaction of a
 * connection can be such: the stream starts at the checkpoint, and pieces are appended in order.
 */
class JournaledChanges {
  #first: { readonly commitLsn: Lsn; readonly ordinal: number } | null = null

  constructor(
    private readonly journal: Journal,
    private readonly source: Source,
  ) {}

  /** The highest ordinal of the transaction that is in the journal already; −1: none. */
  lastOrdinal(commitLsn: Lsn): number {
    this.#first ??= { commitLsn, ordinal: this.journal.lastOrdinal(this.source, commitLsn) ?? -1 }
    return this.#first.commitLsn === commitLsn ? this.#first.ordinal : -1
  }
}
