// Where a replay begins and ends, for who gives a time or a webhook id instead of LSNs. In: commit times, an id. Out: commits of
// the journal. Each looks through the journal: for the command's process, never for the daemon's.
import type { Micros } from '../base/time.js'
import { type Lsn, toLsn } from '../capture/lsn.js'
import type { Sqlite } from './sqlite.js'

/** Histories that lie before a gap are left out, as their LSNs are by a range. */
const ofTheseHistories = 'source_id >= (SELECT complete_from_source_id FROM checkpoint)'

export interface PlacedCommit {
  readonly changeId: number
  readonly lsn: Lsn
}

/** In the order of commits, in which times can go back a little: no commit of the time or later lies before it. */
export const firstCommitFrom = (sqlite: Sqlite, at: Micros): PlacedCommit | null =>
  placed(sqlite, `committed_at_us >= ? AND ${ofTheseHistories} ORDER BY id LIMIT 1`, at)

/** No commit of the time or earlier lies behind it. */
export const lastCommitUntil = (sqlite: Sqlite, at: Micros): PlacedCommit | null =>
  placed(sqlite, `committed_at_us <= ? AND ${ofTheseHistories} ORDER BY id DESC LIMIT 1`, at)

function placed(sqlite: Sqlite, condition: string, at: Micros): PlacedCommit | null {
  const [row] = sqlite.all<{ id: number; commit_lsn: bigint }>(`SELECT id, commit_lsn FROM change WHERE ${condition}`, [
    at,
  ])
  return row === undefined ? null : { changeId: row.id, lsn: toLsn(row.commit_lsn) }
}

export interface StoredDelivery {
  readonly state: 'owed' | 'delivered' | 'dead' | 'discarded'
  /** Why an operator discarded it. */
  readonly reason: string | null
  /** Null: it is of no change, like a gap’s notice. */
  readonly commit: PlacedCommit | null
}

/** Null: the journal does not have it. */
export function storedDelivery(sqlite: Sqlite, webhookId: string): StoredDelivery | null {
  const [row] = sqlite.all<{
    state: StoredDelivery['state']
    reason: string | null
    change_id: number | null
    commit_lsn: bigint | null
  }>('SELECT state, reason, change_id, commit_lsn FROM delivery WHERE webhook_id = ? ORDER BY id DESC LIMIT 1', [
    webhookId,
  ])
  if (row === undefined) return null
  const { state, reason, change_id: changeId, commit_lsn: lsn } = row
  return { state, reason, commit: changeId === null || lsn === null ? null : { changeId, lsn: toLsn(lsn) } }
}
