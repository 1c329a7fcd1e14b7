// The last commits that the journal saw, those that notified nothing too, so that a server can be known again by them. In: the
// commits of each append, as one row within its transaction. Out: those from an LSN on. Bounded: the newest hundred
// thousand, which is more than any crash takes a slot back by.
import type { Commit, EndedCommit } from '../capture/change-message.js'
import type { RememberedCommits } from '../capture/commit-check.js'
import { formatLsn, type Lsn, parseLsn, toLsn } from '../capture/lsn.js'
import type { Sqlite } from './sqlite.js'

/** So many are kept; forgotten are so many at a time, to cost the other appends nothing. */
export const keptCommits = 100_000
const forgottenAtOnce = 10_000

const insert = `
  INSERT INTO remembered_commits (nth, last_commit_lsn, commits)
  SELECT coalesce(max(nth), 0) + ?, ?, ? FROM remembered_commits`

/** Within the transaction that moves the checkpoint behind them. */
export function remember(sqlite: Sqlite, commits: readonly EndedCommit[], kept = keptCommits): void {
  const last = commits.at(-1)
  if (last === undefined) return
  const text = JSON.stringify(commits.map(({ lsn, at }) => [formatLsn(lsn), at]))
  const { id: nth } = sqlite.run(insert, [commits.length, last.lsn, text])
  const passed = Math.floor(nth / forgottenAtOnce) > Math.floor((nth - commits.length) / forgottenAtOnce)
  if (passed && nth > kept) forgetUpTo(sqlite, nth - kept)
}

function forgetUpTo(sqlite: Sqlite, nth: number): void {
  sqlite.run('DELETE FROM remembered_commits WHERE nth <= ?', [nth])
  const [first] = commitsOf(sqlite.get('SELECT commits FROM remembered_commits ORDER BY nth LIMIT 1'))
  if (first !== undefined) sqlite.run('UPDATE checkpoint SET remembered_from_lsn = ?', [first.lsn])
}

/** Within a transaction: another history begins, in which none of them need be. */
export function forgetCommits(sqlite: Sqlite): void {
  sqlite.run('DELETE FROM remembered_commits')
}

/** Those that committed at `from` or behind it. */
export function readRemembered(sqlite: Sqlite, from: Lsn): RememberedCommits {
  const checkpoint = sqlite.get('SELECT remembered_from_lsn, open_commit_lsn, open_committed_at_us FROM checkpoint')
  const { remembered_from_lsn, open_commit_lsn, open_committed_at_us } = checkpoint ?? {}
  const rows = sqlite.all('SELECT commits FROM remembered_commits WHERE last_commit_lsn >= ? ORDER BY nth', [from])
  const isOpen = typeof open_commit_lsn === 'bigint' && typeof open_committed_at_us === 'number'
  return {
    commits: rows.flatMap(commitsOf).filter(({ lsn }) => lsn >= from),
    from: typeof remembered_from_lsn === 'bigint' ? toLsn(remembered_from_lsn) : from,
    open: isOpen ? { lsn: toLsn(open_commit_lsn), at: open_committed_at_us } : null,
  }
}

function commitsOf(row: Record<string, unknown> | null): Commit[] {
  if (row === null) return []
  const pairs = JSON.parse(String(row['commits'])) as readonly (readonly [string, number])[]
  return pairs.map(([lsn, at]) => ({ lsn: parseLsn(lsn), at }))
}
