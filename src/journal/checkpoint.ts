// How far the journal has come, in which history of which cluster, and whether a slot was about to be made. The durable LSN
// is what streaming starts at and what the slot is told (law 1).
import { isoMicros, type Micros } from '../base/time.js'
import type { Commit } from '../capture/change-message.js'
import { type Lsn, toLsn } from '../capture/lsn.js'
import type { KnownPosition } from '../capture/slot.js'
import type { Source } from '../compute/computed-change.js'
import { forgetCommits } from './remembered-commits.js'
import type { Sqlite } from './sqlite.js'

export interface Checkpoint {
  /** Of what ends at `durableLsn`. */
  readonly source: Source
  /** The switchpoint at which its timeline began; null: not known yet. */
  readonly timelineBegan: Lsn | null
  readonly durableLsn: Lsn
  /** Commit time of the last transaction seen; null before the first. */
  readonly lastCommittedAt: Micros | null
  /** From here on the journal is whole, and since when (unix ms). */
  readonly completeFromLsn: Lsn
  readonly completeFromAt: number
  /** Fingerprint of the publication when it was last seen to be right; null: not looked at yet. */
  readonly publication: string | null
  /** The server's end of WAL when it was last seen to be right; null: nobody noted it. */
  readonly publicationSeenLsn: Lsn | null
}

/** Null: a new journal. */
export function readCheckpoint(sqlite: Sqlite): Checkpoint | null {
  const row = sqlite.get(
    `SELECT system_identifier, timeline, durable_lsn, last_committed_at_us, complete_from_lsn, complete_from_at,
            publication, publication_seen_lsn, timeline_began_lsn
       FROM checkpoint JOIN source ON source.id = source_id`,
  )
  if (row === null) return null
  const at = row['last_committed_at_us']
  const began = row['timeline_began_lsn']
  const seen = row['publication_seen_lsn']
  return {
    source: { systemIdentifier: String(row['system_identifier']), timeline: Number(row['timeline']) },
    timelineBegan: began === null ? null : toLsn(BigInt(String(began))),
    durableLsn: toLsn(BigInt(String(row['durable_lsn']))),
    lastCommittedAt: at === null ? null : Number(at),
    completeFromLsn: toLsn(BigInt(String(row['complete_from_lsn']))),
    completeFromAt: Number(row['complete_from_at']),
    publication: row['publication'] === null ? null : String(row['publication']),
    publicationSeenLsn: seen === null ? null : toLsn(BigInt(String(seen))),
  }
}

/** The checkpoint as a start is judged by it. A source's name is its cluster's, and more where that gave LSNs twice. */
export function knownPosition({ source, timelineBegan, durableLsn, lastCommittedAt }: Checkpoint): KnownPosition {
  return {
    systemIdentifier: clusterOf(source),
    timeline: source.timeline,
    timelineBegan,
    durableLsn,
    lastCommitAt: lastCommittedAt === null ? null : isoMicros(lastCommittedAt),
  }
}

export const clusterOf = ({ systemIdentifier }: Pick<Source, 'systemIdentifier'>): string =>
  systemIdentifier.split('+')[0] ?? systemIdentifier

/** Within a transaction. The source's row, made when it is new. */
export function sourceId(sqlite: Sqlite, source: Source): number {
  const values = [source.systemIdentifier, source.timeline]
  const row = sqlite.get('SELECT id FROM source WHERE system_identifier = ? AND timeline = ?', values)
  if (row !== null) return Number(row['id'])
  const insert = 'INSERT INTO source (system_identifier, timeline) VALUES (?, ?)'
  return sqlite.run(insert, values).id
}

export interface Moved {
  readonly sourceId: number
  /** Null: more of the last transaction follows. */
  readonly durableLsn: Lsn | null
  readonly lastCommittedAt: Micros | null
  readonly timelineBegan: Lsn | null
  /** The transaction behind `durableLsn` of which the beginning is journaled. */
  readonly open: Commit | null
}

/** Within a transaction. Null leaves that part as it is, but for `open`. */
export function moveCheckpoint(sqlite: Sqlite, moved: Moved): void {
  const { sourceId: source, durableLsn, lastCommittedAt, timelineBegan, open } = moved
  if (durableLsn === null && lastCommittedAt === null) return
  sqlite.run(
    `UPDATE checkpoint SET last_committed_at_us = coalesce(?1, last_committed_at_us), open_commit_lsn = ?2,
            open_committed_at_us = ?3, durable_lsn = coalesce(?4, durable_lsn),
            source_id = CASE WHEN ?4 IS NULL THEN source_id ELSE ?5 END,
            timeline_began_lsn = CASE WHEN ?4 IS NULL THEN timeline_began_lsn ELSE ?6 END`,
    [lastCommittedAt, open?.lsn ?? null, open?.at ?? null, durableLsn, source, timelineBegan],
  )
}

export interface SlotCreated {
  readonly slot: string
  readonly source: Source
  /** Every commit from here on is streamed. */
  readonly consistentLsn: Lsn
  /** As `Checkpoint`'s; absent: not known. */
  readonly timelineBegan?: Lsn | null
}

/** Within a transaction. The slot exists, and gives every commit from `from` on. */
export function beginCheckpoint(sqlite: Sqlite, from: Lsn, at: Pick<SlotCreated, 'source' | 'timelineBegan'>): void {
  const source = sourceId(sqlite, at.source)
  sqlite.run('DELETE FROM slot_intent')
  forgetCommits(sqlite)
  // OIDs are a history's own, and nothing of before is read any more.
  sqlite.run('DELETE FROM followed_table')
  sqlite.run(
    `INSERT INTO checkpoint (id, source_id, durable_lsn, complete_from_lsn, complete_from_at, complete_from_source_id,
       remembered_from_lsn, timeline_began_lsn)
     VALUES (1, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET source_id = excluded.source_id, durable_lsn = excluded.durable_lsn,
       complete_from_lsn = excluded.complete_from_lsn, complete_from_at = excluded.complete_from_at,
       complete_from_source_id = excluded.complete_from_source_id, publication = NULL, publication_seen_lsn = NULL,
       remembered_from_lsn = excluded.remembered_from_lsn, timeline_began_lsn = excluded.timeline_began_lsn,
       open_commit_lsn = NULL, open_committed_at_us = NULL`,
    [source, from, from, Date.now(), source, from, at.timelineBegan ?? null],
  )
}
