// What `setup` finds in a database before it makes or takes back anything: the tables that are to be published with their
// partitions and children, the publication, the daemon's role. Reads the catalogs only.
import type { Sql, WatchedTable } from './finding.js'
import { type Generated, generated } from './generated.js'
import { mayReplicateCondition, type Service, serviceExpression } from './service.js'
import { treeOf } from './tree.js'

export interface Named {
  readonly schema: string
  readonly table: string
}

export interface Identified extends Named {
  /** pg_class.relreplident */
  readonly identity: 'd' | 'n' | 'f' | 'i'
  /** The index of identity `i`; null: none, or it was dropped. */
  readonly index: string | null
  readonly has_primary_key: boolean
}

/** Publications that have a column list for a table: beside the identity FULL each of them makes UPDATE and DELETE fail. */
export interface Listed {
  readonly listed_in: readonly string[]
  /** Those whose list lacks columns of the identity that it has now: they make them fail already. */
  readonly uncovered_in: readonly string[]
}

/** A table that is to be published, as it is. */
export interface Publishable extends Identified, Listed, Generated {
  /** pg_class.relkind: a view and the like can not be published. */
  readonly kind: string
  readonly is_unlogged: boolean
  readonly leaves: readonly Identified[]
  readonly unlogged_partitions: readonly Named[]
  /** It has children by INHERITS. */
  readonly has_children: boolean
}

export interface PublicationState {
  readonly all_tables: boolean
  readonly via_root: boolean
  /** It leaves generated columns out, and could publish them: PostgreSQL 18 and later. */
  readonly hides_generated: boolean
  readonly comment: string | null
  readonly tables: readonly Named[]
}

export interface DatabaseState {
  readonly database: string
  /** server_version_num */
  readonly version: number
  readonly service: Service | null
  /** Null: there is no such role. */
  readonly role: { readonly may_replicate: boolean } | null
  /** Null: there is none yet. */
  readonly publication: PublicationState | null
  /** Those that are there. */
  readonly tables: readonly Publishable[]
}

/** SQL of an object like `Identified`, of the row `c` of pg_class in schema `n`. */
export const identified = (c: string, n: string) => `
  'schema', ${n}.nspname, 'table', ${c}.relname, 'identity', ${c}.relreplident,
  'index', (SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = ${c}.oid AND i.indisreplident),
  'has_primary_key', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = ${c}.oid AND i.indisprimary)`

/** SQL: the publications of which a column list for the table `c`, or one of its partitions, is as `which` says. None before 15. */
const lists = (c: string, which: string) => `(
  SELECT coalesce(json_agg(DISTINCT pub.pubname), '[]')
    FROM pg_publication_rel rel JOIN pg_publication pub ON pub.oid = rel.prpubid AND (pub.pubupdate OR pub.pubdelete)
   WHERE to_jsonb(rel) ->> 'prattrs' IS NOT NULL
     AND (rel.prrelid = ${c}.oid OR rel.prrelid IN (SELECT tree.relid FROM ${treeOf(c)} tree)) AND ${which})`

/** SQL of the two lists of `Listed`. */
export const listed = (c: string) => `
  'listed_in', ${lists(c, 'true')},
  'uncovered_in', ${lists(
    c,
    `EXISTS (
       SELECT FROM pg_index key, unnest(key.indkey) attnum
        WHERE key.indrelid = ${c}.oid
          AND (${c}.relreplident = 'd' AND key.indisprimary OR ${c}.relreplident = 'i' AND key.indisreplident)
          AND attnum <> ALL (translate(to_jsonb(rel) ->> 'prattrs', '[]', '{}')::int2[]))`,
  )}`

/** SQL: whether the table `c` has children by INHERITS. Without ONLY they would be published with it. */
export const hasChildren = (c: string) =>
  `(${c}.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = ${c}.oid))`

/** SQL: an array of objects like `Named`: the partitions of the table `c` that are UNLOGGED, whatever it is itself. */
export const unloggedPartitions = (c: string) => `(
  SELECT coalesce(json_agg(json_build_object('schema', un.nspname, 'table', u.relname) ORDER BY un.nspname, u.relname), '[]')
    FROM ${treeOf(c)} t JOIN pg_class u ON u.oid = t.relid JOIN pg_namespace un ON un.oid = u.relnamespace
   WHERE ${c}.relkind = 'p' AND u.relkind = 'r' AND u.relpersistence = 'u')`

const tableQuery = `
  SELECT json_build_object(${identified('c', 'n')}, 'kind', c.relkind, 'is_unlogged', c.relpersistence = 'u',
           'unlogged_partitions', ${unloggedPartitions('c')}, 'has_children', ${hasChildren('c')}, ${listed('c')}, ${generated('c')},
           'leaves', (SELECT coalesce(json_agg(json_build_object(${identified('p', 'pn')}) ORDER BY pn.nspname, p.relname), '[]')
                        FROM ${treeOf('c')} t JOIN pg_class p ON p.oid = t.relid
                        JOIN pg_namespace pn ON pn.oid = p.relnamespace
                       WHERE c.relkind = 'p' AND p.relkind = 'r')) AS found
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`

const publicationQuery = `
  SELECT json_build_object('all_tables', p.puballtables, 'via_root', p.pubviaroot,
           'hides_generated', coalesce(to_jsonb(p) ->> 'pubgencols' = 'n', false), 'comment', obj_description(p.oid, 'pg_publication'),
           'tables', (SELECT coalesce(json_agg(json_build_object('schema', schema, 'table', name)), '[]') FROM (
                        SELECT n.nspname AS schema, c.relname AS name FROM pg_publication_rel rel
                          JOIN pg_class c ON c.oid = rel.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE rel.prpubid = p.oid
                         UNION SELECT t.schemaname, t.tablename FROM pg_publication_tables t WHERE t.pubname = p.pubname) members)) AS found
    FROM pg_publication p WHERE p.pubname = $1`

const serverQuery = `
  SELECT current_database()::text AS database, current_setting('server_version_num')::int AS version, ${serviceExpression} AS service,
         (SELECT json_build_object('may_replicate', ${mayReplicateCondition}) FROM pg_roles r WHERE r.rolname = $1) AS role`

/** @throws what `sql` throws. */
export async function readState(
  sql: Sql,
  options: { readonly tables: readonly WatchedTable[]; readonly publication: string; readonly role: string },
): Promise<DatabaseState> {
  const { rows } = await sql.query<Pick<DatabaseState, 'database' | 'version' | 'service' | 'role'>>(serverQuery, [
    options.role,
  ])
  const publications = await sql.query<{ found: PublicationState }>(publicationQuery, [options.publication])
  const tables: Publishable[] = []
  for (const { schema, table } of options.tables.filter((watched) => watched.published)) {
    const one = await sql.query<{ found: Publishable }>(tableQuery, [schema, table])
    tables.push(...one.rows.map(({ found }) => found))
  }
  const { database = '', version = 0, service = null, role = null } = rows[0] ?? {}
  return { database, version, service, role, publication: publications.rows[0]?.found ?? null, tables }
}

/** Published, it refuses UPDATE and DELETE. */
export const hasNoIdentity = ({ identity, index, has_primary_key: key }: Identified): boolean =>
  identity === 'n' || (identity === 'd' && !key) || (identity === 'i' && index === null)
