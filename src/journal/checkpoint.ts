// How far the journal has come, in which history of which cluster, and whether a slot was about to be made. The durable LSN
// is what streaming starts at and what the slot is told (law 1).
import { isoMicros, type Micros } from '../base/time.js'
import { type Lsn, toLsn } from '../capture/lsn.js'
import type { KnownPosition } from '../capture/slot.js'
import type { Source } from '../compute/computed-change.js'
import type { Sqlite } from './sqlite.js'

export interface Checkpoint {
  readonly source: Source
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
            publication, publication_seen_lsn
       FROM checkpoint JOIN source ON source.id = source_id`,
  )
  if (row === null) return null
  const at = row['last_committed_at_us']
  const seen = row['publication_seen_lsn']
  return {
    source: { systemIdentifier: String(row['system_identifier']), timeline: Number(row['timeline']) },
    durableLsn: toLsn(BigInt(String(row['durable_lsn']))),
    lastCommittedAt: at === null ? null : Number(at),
    completeFromLsn: toLsn(BigInt(String(row['complete_from_lsn']))),
    completeFromAt: Number(row['complete_from_at']),
    publication: row['publication'] === null ? null : String(row['publication']),
    publicationSeenLsn: seen === null ? null : toLsn(BigInt(String(seen))),
  }
}

/** The checkpoint as a start is judged by it. A source's name is its cluster's, and more where that gave LSNs twice. */
export function knownPosition({ source, durableLsn, lastCommittedAt }: Checkpoint): KnownPosition {
  return {
    systemIdentifier: clusterOf(source),
    timeline: source.timeline,
    durableLsn,
    lastCommitAt: lastCommittedAt === null ? null : isoMicros(lastCommittedAt),
  }
}

export const clusterOf = ({ systemIdentifier }: Source): string => systemIdentifier.split('+')[0] ?? systemIdentifier

/** Within a transaction. The source's row, made when it is new. */
export function sourceId(sqlite: Sqlite, source: Source): number {
  const known = knownSourceId(sqlite, source)
  if (known !== null) return known
  const insert = 'INSERT INTO source (system_identifier, timeline) VALUES (?, ?)'
  return sqlite.run(insert, [source.systemIdentifier, source.timeline]).id
}

/** The source's row, or null where nothing of it was journaled. */
export function knownSourceId(sqlite: Sqlite, source: Source): number | null {
  const values = [source.systemIdentifier, source.timeline]
  const row = sqlite.get('SELECT id FROM source WHERE system_identifier = ? AND timeline = ?', values)
  return row === null ? null : Number(row['id'])
}

/** Within a transaction. Null leaves that part as it is. */
export function moveCheckpoint(sqlite: Sqlite, source: number, durable: Lsn | null, committedAt: Micros | null): void {
  if (durable === null && committedAt === null) return
  sqlite.run(
    `UPDATE checkpoint SET source_id = ?, durable_lsn = coalesce(?, durable_lsn),
            last_committed_at_us = coalesce(?, last_committed_at_us)`,
    [source, durable, committedAt],
  )
}

/** Within a transaction. The slot exists, and gives every commit from `from` on. */
export function beginCheckpoint(sqlite: Sqlite, source: number, from: Lsn): void {
  sqlite.run('DELETE FROM slot_intent')
  // OIDs are a history's own, and nothing of before is read any more.
  sqlite.run('DELETE FROM followed_table')
  sqlite.run(
    `INSERT INTO checkpoint (id, source_id, durable_lsn, complete_from_lsn, complete_from_at, complete_from_source_id)
     VALUES (1, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET source_id = excluded.source_id, durable_lsn = excluded.durable_lsn,
       complete_from_lsn = excluded.complete_from_lsn, complete_from_at = excluded.complete_from_at,
       complete_from_source_id = excluded.complete_from_source_id, publication = NULL, publication_seen_lsn = NULL`,
    [source, from, from, Date.now(), source],
  )
}
