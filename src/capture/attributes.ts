// A table's columns as the catalogs number them, dropped ones too: a number is a column's for life, whatever it is called. Asked
// at each connection. Owns that what is said of a commit is not older than that commit.
import type { Sql } from './finding.js'
import { type Lsn, parseLsn } from './lsn.js'

export interface Attribute {
  /** Null: it was dropped. */
  readonly name: string | null
  /** pg_type.oid; 0 of a dropped one. */
  readonly typeOid: number
  /** It may be left out of what is published. */
  readonly isGenerated: boolean
}

export interface Attributes {
  /** What committed before it is in them; null: somebody was changing one of the tables just then. */
  readonly at: Lsn | null
  /** By the table's OID, in the order of their numbers. */
  readonly ofTables: ReadonlyMap<number, readonly Attribute[]>
}

/** Whoever changes a table's columns holds this until the change can be seen, also behind its commit record. */
const changingQuery = `
  SELECT FROM pg_locks
   WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND granted AND relation::bigint = ANY($1::bigint[])
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`

/** @throws what `sql` throws. */
export async function readAttributes(sql: Sql, tables: readonly number[]): Promise<Attributes> {
  const ends = await sql.query<{ at: string }>('SELECT pg_current_wal_lsn()::text AS at')
  const changing = await sql.query(changingQuery, [tables])
  // By a snapshot of its own, taken when the others were asked.
  const { rows } = await sql.query<{ oid: string; name: string | null; type: string; generated: boolean }>(
    `SELECT attrelid::text AS oid, CASE WHEN NOT attisdropped THEN attname END AS name, atttypid::text AS type,
            attgenerated <> '' AS generated
       FROM pg_attribute WHERE attrelid::bigint = ANY($1::bigint[]) AND attnum > 0 ORDER BY attrelid, attnum`,
    [tables],
  )
  const ofTables = new Map<number, Attribute[]>(tables.map((oid) => [oid, []]))
  for (const { oid, name, type, generated } of rows) {
    ofTables.get(Number(oid))?.push({ name, typeOid: Number(type), isGenerated: generated })
  }
  const [end] = ends.rows
  return { at: end === undefined || changing.rows.length > 0 ? null : parseLsn(end.at), ofTables }
}
