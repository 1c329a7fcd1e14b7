// What the daemon needs of a database as SQL: the statements that make it and those that take it back, from what the catalogs
// say of the tables. Pure but for the one query. Owns that nothing in it makes the application's own writes fail.
import { readableIdentifier, readableTable, type Sql, type WatchedTable } from './finding.js'

interface Identified {
  readonly schema: string
  readonly table: string
  /** pg_class.relreplident */
  readonly identity: 'd' | 'n' | 'f' | 'i'
  readonly has_primary_key: boolean
}

/** A table that is to be published, as it is. */
export interface Published extends Identified {
  readonly is_partitioned: boolean
  readonly leaves: readonly Identified[]
}

const query = `
  SELECT n.nspname AS schema, c.relname AS table, c.relreplident::text AS identity, c.relkind = 'p' AS is_partitioned,
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_primary_key,
         (SELECT coalesce(json_agg(json_build_object('schema', pn.nspname, 'table', p.relname, 'identity', p.relreplident,
                   'has_primary_key', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = p.oid AND i.indisprimary))
                   ORDER BY pn.nspname, p.relname), '[]')
            FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid JOIN pg_namespace pn ON pn.oid = p.relnamespace
           WHERE c.relkind = 'p' AND t.isleaf AND p.relkind = 'r') AS leaves
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`

/** Those of `tables` that are to be published and are there. */
export async function readPublished(sql: Sql, tables: readonly WatchedTable[]): Promise<readonly Published[]> {
  const all: Published[] = []
  for (const { schema, table } of published(tables)) {
    const { rows } = await sql.query<Published>(query, [schema, table])
    all.push(...rows)
  }
  return all
}

const published = (tables: readonly WatchedTable[]) => tables.filter((table) => table.published)

/** Old values are needed of appointments, and of states to see them change. */
const wantsFull = ({ needsOldImage, model }: WatchedTable): boolean => needsOldImage || model === 'notestatechangeevent'

export interface Preparation {
  readonly publication: string
  readonly tables: readonly WatchedTable[]
  /** As they are; null: the database could not be looked at. */
  readonly found: readonly Published[] | null
}

/** Replica identity first: from the moment of its publication a table without one refuses UPDATE and DELETE. */
export function preparing({ publication, tables, found }: Preparation): string[] {
  const list = published(tables).map(readableTable).join(', ')
  const full = published(tables)
    .filter(wantsFull)
    .flatMap((table) => withLeaves(table, found))
  const viaRoot =
    found?.some((table) => table.is_partitioned) === true ? ' WITH (publish_via_partition_root = true)' : ''
  return [
    ...full.map((table) => `ALTER TABLE ${readableTable(table)} REPLICA IDENTITY FULL;`),
    `CREATE PUBLICATION ${readableIdentifier(publication)} FOR TABLE ${list}${viaRoot};`,
  ]
}

/** Tables whose publication would make the application's UPDATE and DELETE fail, which is not ours to decide. */
export function breaking({ tables, found }: Preparation): string[] {
  const others = published(tables).filter((table) => !wantsFull(table))
  const identified = others.flatMap((table) => {
    const is = find(found, table)
    if (is === undefined) return []
    return is.is_partitioned ? is.leaves : [is]
  })
  return identified.filter(hasNoIdentity).map(readableTable)
}

const hasNoIdentity = ({ identity, has_primary_key: key }: Identified): boolean =>
  identity === 'n' || (identity === 'd' && !key)

const find = (found: Preparation['found'], { schema, table }: WatchedTable): Published | undefined =>
  found?.find((one) => one.schema === schema && one.table === table)

/** A root's identity is not its partitions'. Those that are FULL already are left out. */
function withLeaves(table: WatchedTable, found: Preparation['found']): { schema: string; table: string }[] {
  const is = find(found, table)
  return is === undefined ? [table] : [is, ...is.leaves].filter(({ identity }) => identity !== 'f')
}

/** Takes back what `preparing` makes; a FULL identity goes back to the primary key where there is one. */
export function undoing({ publication, tables, found }: Preparation, slot: string): string[] {
  const full = published(tables)
    .filter(wantsFull)
    .flatMap((table) => {
      const is = find(found, table)
      return is === undefined ? [] : [is, ...is.leaves].filter(({ identity }) => identity === 'f')
    })
  const quoted = `'${slot.replaceAll("'", "''")}'`
  return [
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${quoted};`,
    `DROP PUBLICATION IF EXISTS ${readableIdentifier(publication)};`,
    ...full.map((table) =>
      table.has_primary_key
        ? `ALTER TABLE ${readableTable(table)} REPLICA IDENTITY DEFAULT;`
        : `-- ${readableTable(table)} has no primary key: it keeps REPLICA IDENTITY FULL`,
    ),
  ]
}

/** The minimal grants of the daemon's own role. */
export function granting(tables: readonly WatchedTable[], role: string): string[] {
  const grantee = readableIdentifier(role)
  const read = tables.filter((table) => table.selected)
  const schemas = [...new Set(read.map((table) => readableIdentifier(table.schema)))]
  return [
    `-- the daemon's role; give it a password: ALTER ROLE ${grantee} PASSWORD '…';`,
    `-- CREATE ROLE ${grantee} LOGIN REPLICATION;`,
    ...schemas.map((schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${grantee};`),
    ...read.map((table) => {
      const columns = table.columns.map(readableIdentifier).join(', ')
      return `GRANT SELECT (${columns}) ON ${readableTable(table)} TO ${grantee};`
    }),
  ]
}
