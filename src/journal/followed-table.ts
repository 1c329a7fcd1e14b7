// The publication as it was when it was last seen to be right, and the tables that were followed since this history began. What
// a later look is held against.
import type { Lsn } from '../capture/lsn.js'
import type { Sqlite } from './sqlite.js'

export interface SeenPublication {
  readonly fingerprint: string
  /** The tables that are followed now: OID → the model's name. */
  readonly tables: ReadonlyMap<number, string>
  /** The server's end of WAL before the look; null: as it was noted. */
  readonly atLsn: Lsn | null
}

/** Within a transaction. */
export function notePublication(sqlite: Sqlite, { fingerprint, tables, atLsn }: SeenPublication): void {
  sqlite.run('UPDATE checkpoint SET publication = ?, publication_seen_lsn = coalesce(?, publication_seen_lsn)', [
    fingerprint,
    atLsn,
  ])
  for (const [oid, model] of tables) noteTable(sqlite, oid, model)
}

/** Within a transaction. Rows of this table, under the model's configured name, are the model's. */
export function noteTable(sqlite: Sqlite, oid: number, model: string): void {
  sqlite.run('INSERT OR REPLACE INTO followed_table (oid, model) VALUES (?, ?)', [oid, model])
}

/** OID → the model's name. */
export function knownTables(sqlite: Sqlite): ReadonlyMap<number, string> {
  const rows = sqlite.all('SELECT oid, model FROM followed_table')
  return new Map(rows.map((row) => [Number(row['oid']), String(row['model'])]))
}
