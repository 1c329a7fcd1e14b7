// Journaled changes for `protocols test`: as they were resolved, in their order, a window in memory at a time.
import { formatLsn } from '../capture/lsn.js'
import type { Journal } from '../journal/journal.js'
import type { TestCase } from './protocol-run.js'

const windowSize = 100

export interface JournalRange {
  /** Null: from its beginning. */
  readonly from: string | null
  readonly to: string | null
  readonly limit: number
}

/** The journal's changes in their order, as they were resolved. @throws UsageError for a range that it does not have */
export function* journalCases(journal: Journal, { from, to, limit }: JournalRange): Generator<TestCase> {
  const selection = { from: from ?? '0/0', ...(to !== null && { to }) }
  if (from !== null) journal.replays.checkRange(selection)
  let afterId = 0
  for (let left = limit; left > 0; ) {
    const window = journal.recomputes.changes(selection, afterId, Math.min(left, windowSize))
    if (window.length === 0) return
    for (const { id, change, source } of window) {
      afterId = id
      left -= 1
      yield { name: `${formatLsn(change.commitLsn)} #${change.ordinal}`, change, source, appointments: null }
    }
  }
}
