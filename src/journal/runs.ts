// A batch cut where the source of its changes changes: at a promotion's switchpoint, say. Nearly always one run. In: a batch
// of the stream. Out: what is computed and appended in one piece, with what the next start holds the server against.
import type { CapturedBatch } from '../capture/capture.js'
import type { TransactionPiece } from '../capture/change-message.js'
import type { Lsn } from '../capture/lsn.js'
import type { Source } from '../compute/computed-change.js'
import { type AppendBatch, isSameSource, type Progress } from './append.js'
import { type JournaledTransactions, type Lineage, reachedAt } from './lineage.js'

export interface Run {
  readonly source: Source
  readonly pieces: readonly ToldPiece[]
  /** Where the checkpoint moves; null: another run of the batch, or more of the transaction, follows. */
  readonly durableLsn: Lsn | null
  readonly lastCommit: AppendBatch['lastCommit']
  readonly progress: Progress | null
}

export interface ToldPiece {
  readonly piece: TransactionPiece
  /** Changes up to this ordinal are in the journal; −1: none. */
  readonly upTo: number
}

/** None where there is nothing to append. */
export function runsOf(batch: CapturedBatch, lineage: Lineage, transactions: JournaledTransactions): readonly Run[] {
  const groups: { readonly source: Source; readonly pieces: ToldPiece[] }[] = []
  for (const piece of batch.pieces) {
    const { source, lastOrdinal } = transactions.told(piece)
    const last = groups.at(-1)
    const told = { piece, upTo: lastOrdinal }
    if (last !== undefined && isSameSource(last.source, source)) last.pieces.push(told)
    else groups.push({ source, pieces: [told] })
  }
  const { checkpointLsn, commits } = batch
  if (groups.length === 0 && checkpointLsn === null) return []
  const reached = checkpointLsn === null ? null : reachedAt(lineage, checkpointLsn)
  const { source = reached?.source, pieces = [] } = groups.pop() ?? {}
  if (source === undefined) return []
  const end = batch.pieces.at(-1)
  const isOpen = end !== undefined && end.endLsn === null && commits.every(({ lsn }) => lsn < end.commitLsn)
  const open = isOpen ? { lsn: end.commitLsn, at: end.committedAt } : null
  const progress = { reached: reached ?? { source, timelineBegan: null }, commits, open }
  // The checkpoint passes a batch as a whole: after a crash between two runs the first one is known again.
  const before = groups.map((group) => ({ ...group, durableLsn: null, progress: null, ...lastOf(group.pieces) }))
  return [...before, { source, pieces, durableLsn: checkpointLsn, progress, ...lastOf(pieces) }]
}

function lastOf(pieces: readonly ToldPiece[]): Pick<Run, 'lastCommit'> {
  const last = pieces.at(-1)?.piece
  return { lastCommit: last === undefined ? null : { lsn: last.commitLsn, at: last.committedAt } }
}
