// The whole walk on one screen. Batches of committed changes in; durable changes and debts out; then the slot is told.
//
//   change       one row's insert, update or delete, as PostgreSQL committed it
//   delivery     a notification that is owed to an endpoint
//   attempt      one POST of a delivery
//   checkpoint   the end LSN before which everything is in the journal
//   acknowledge  tell the slot the checkpoint, so that the server may free WAL
//   gap          changes that the server no longer has and the journal never had
import type { Capture } from './capture/capture.js'
import type { Relation, RowChange, TransactionPiece } from './capture/change-message.js'
import type { CommitCheck, Divergence } from './capture/commit-check.js'
import type { Lsn } from './capture/lsn.js'
import type { CapturedChange, ResolvedChange } from './change/captured-change.js'
import { captureChange } from './change/field-changes.js'
import type { FollowedTables } from './change/followed-tables.js'
import type { Model } from './change/model.js'
import { MovedRows } from './change/moved-rows.js'
import type { ComputedChange, Source } from './compute/computed-change.js'
import type { Delivery } from './journal/delivery.js'
import { failpoint } from './journal/failpoint.js'
import type { Journal } from './journal/journal.js'
import { JournaledTransactions, type Lineage } from './journal/lineage.js'
import { type Run, runsOf } from './journal/runs.js'

export interface Walk {
  readonly lineage: Lineage
  /** Holds what comes below the journal's end against what the journal knows of it. */
  readonly check: CommitCheck
  readonly capture: Capture
  readonly followed: FollowedTables
  /** The error with which the walk ends at a row of a table that has taken a followed one's name. */
  readonly replaced: (relation: Relation, model: Model, commitLsn: Lsn) => Error
  readonly journal: Journal
  resolve(changes: readonly CapturedChange[]): Promise<readonly ResolvedChange[]>
  compute(changes: readonly ResolvedChange[], source: Source): Promise<readonly ComputedChange[]>
  /** The error with which the walk ends where the server's history is another than the journal's. */
  readonly diverged: (difference: Divergence) => Error
  /** Called after each append, with what is newly owed to each endpoint. */
  appended(changes: readonly ComputedChange[], owed: ReadonlyMap<string, readonly Delivery[]>): void
  /** Called after a batch that took long: sending may have the event loop for up to `ms`. */
  giveWay(ms: number): Promise<void>
}

/** So much work without a rest comes from a backlog or a large transaction; what is delivered meanwhile gets its half. */
const longMs = 20

/** Walks until the stream is closed. Throws what broke it; nothing was acknowledged that is not in the journal. */
export async function walk(options: Walk): Promise<void> {
  const { capture, journal, check, lineage } = options
  const transactions = new JournaledTransactions(journal.known, lineage)
  const moved = new MovedRows((relation) => {
    const following = options.followed.of(relation)
    return following.tag === 'followed' ? following.model : undefined
  })
  let endedAt = performance.now()
  /** Time that was worked and not yet rested; waiting for the next batch is a rest. */
  let workedMs = 0
  for await (const captured of capture.batches()) {
    const began = performance.now()
    workedMs = Math.max(0, workedMs - (began - endedAt))
    const difference = check.hold(captured)
    if (difference !== null) throw options.diverged(difference)
    for (const run of runsOf(check.news(captured), lineage, transactions)) await take(run, moved, options)
    moved.ended(captured.commits)
    failpoint('before acknowledge')
    if (check.isOver && captured.checkpointLsn !== null) capture.acknowledge(captured.checkpointLsn)
    failpoint('after acknowledge')
    workedMs += performance.now() - began
    if (workedMs > longMs) {
      await options.giveWay(workedMs)
      workedMs = 0
    }
    endedAt = performance.now()
  }
}

async function take(run: Run, moved: MovedRows, options: Walk): Promise<void> {
  const { source, pieces, durableLsn, lastCommit, progress } = run
  const { capture, journal } = options
  const captured = pieces.flatMap(({ piece, upTo }) => typed(piece, moved.told(piece), options, upTo))
  const resolved = await capture.unlessLost(options.resolve(captured))
  const computed = await options.compute(resolved, source)
  failpoint('before append')
  const { owed } = await journal.append({ source, changes: computed, durableLsn, lastCommit, progress })
  options.appended(computed, owed)
}

function typed(
  piece: TransactionPiece,
  rows: readonly RowChange[],
  { followed, replaced }: Pick<Walk, 'followed' | 'replaced'>,
  upTo: number,
): CapturedChange[] {
  const changes: CapturedChange[] = []
  for (const change of rows) {
    const following = followed.of(change.relation)
    if (following.tag === 'stranger' || change.ordinal <= upTo) continue
    if (following.tag === 'replaced') throw replaced(change.relation, following.model, piece.commitLsn)
    const captured = captureChange(change, piece, following.model)
    if (captured !== null) changes.push(captured)
  }
  return changes
}
