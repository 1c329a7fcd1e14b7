// The watched tables as the catalogs describe them: existence, columns, replica identity, grants, row security. Findings
// out, each with the SQL that mends it. Reads only.
import {
  hasNoIdentity,
  type Identified,
  identified,
  type Listed,
  listed,
  type Named,
  unloggedPartitions,
} from './database-state.js'
import {
  type Finding,
  fail,
  ok,
  readableIdentifier,
  readableTable,
  type Sql,
  type WatchedTable,
  warn,
} from './finding.js'
import { type Generated, generated, generatedFindings } from './generated.js'
import { anew, listedFinding, publishable, unlogged } from './prepare.js'
import { treeOf } from './tree.js'

/** `kind`: pg_class.relkind. */
interface TableFacts extends Identified, Listed, Generated {
  readonly kind: string
  readonly is_unlogged: boolean
  readonly row_security: boolean
  readonly schema_usage: boolean
  readonly columns: readonly string[]
  readonly selectable: readonly string[]
  /** Column → type; a domain's is that it stands for. */
  readonly types: Readonly<Record<string, string>>
  /** Tables that inherit from it, other than partitions. */
  readonly children: readonly Named[]
  /** Partitions that hold rows and are not FULL: an old row is logged as its own partition's identity says. */
  readonly weak_partitions: readonly Identified[]
  readonly unlogged_partitions: readonly Named[]
}

const factsQuery = `
  SELECT json_build_object(${identified('c', 'n')}, 'kind', c.relkind, 'is_unlogged', c.relpersistence = 'u',
           'unlogged_partitions', ${unloggedPartitions('c')}, 'row_security', row_security_active(c.oid), 'schema_usage', has_schema_privilege(n.oid, 'USAGE'),
           ${listed('c')}, ${generated('c')},
           'columns', (SELECT coalesce(json_agg(a.attname), '[]') FROM pg_attribute a
                        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           'selectable', (SELECT coalesce(json_agg(a.attname), '[]') FROM pg_attribute a
                           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                             AND has_column_privilege(c.oid, a.attnum, 'SELECT')),
           'types', (SELECT coalesce(json_object_agg(a.attname, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL)), '{}')
                       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           'children', (SELECT coalesce(json_agg(json_build_object('schema', kn.nspname, 'table', k.relname) ORDER BY kn.nspname, k.relname), '[]')
                          FROM pg_inherits h JOIN pg_class k ON k.oid = h.inhrelid JOIN pg_namespace kn ON kn.oid = k.relnamespace
                         WHERE h.inhparent = c.oid AND c.relkind = 'r'),
           'weak_partitions', (SELECT coalesce(json_agg(json_build_object(${identified('p', 'pn')}) ORDER BY pn.nspname, p.relname), '[]')
                                 FROM ${treeOf('c')} t JOIN pg_class p ON p.oid = t.relid
                                 JOIN pg_namespace pn ON pn.oid = p.relnamespace
                                WHERE c.relkind = 'p' AND p.relkind = 'r' AND p.relreplident <> 'f')) AS facts
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`

/** One table's findings. `role` is the daemon's role, for the GRANTs. */
export async function inspectTable(sql: Sql, watched: WatchedTable, role: string): Promise<Finding[]> {
  const { rows } = await sql.query<{ facts: TableFacts }>(factsQuery, [watched.schema, watched.table])
  const facts = rows[0]?.facts
  const name = readableTable(watched)
  const title = `table ${name}`
  if (facts === undefined) {
    return [fail(title, `there is no table ${name}`, `correct models.${watched.model}.table in the config`)]
  }
  if (watched.published && facts.kind !== 'r' && facts.kind !== 'p') {
    const found = `${name} is no table but a ${kinds[facts.kind] ?? 'view'}: the WAL has its tables' changes, not its own`
    return [fail(title, found, `name the table itself in models.${watched.model}.table, and map its columns`)]
  }
  const missing = watched.columns.filter((column) => !facts.columns.includes(column))
  if (missing.length > 0) {
    const keys = `models.${watched.model}.columns`
    const found = `${name} has no column ${missing.map(readableIdentifier).join(', ')}`
    return [fail(title, found, `map the canonical names to the table's own columns in ${keys}`)]
  }
  const collisions = watched.taken.filter((column) => facts.columns.includes(column))
  if (collisions.length > 0) {
    const names = collisions.map(readableIdentifier).join(', ')
    const found = `${name} has its own column ${names}, and models.${watched.model}.columns gives that name to another`
    return [fail(title, found, `map ${names} too, or add it to models.${watched.model}.exclude_columns`)]
  }
  return [
    ok(title, `found, with the ${watched.columns.length} columns that models.${watched.model} maps`),
    ...(watched.published ? publishedFindings(watched, facts) : []),
    ...(watched.selected ? grantFindings(watched, facts, role) : []),
  ]
}

/** Without what only resolution needs: for the watch. */
export const inspectPublished = (sql: Sql, watched: WatchedTable): Promise<Finding[]> =>
  inspectTable(sql, { ...watched, selected: false }, '')

const kinds: Readonly<Record<string, string>> = { v: 'view', m: 'materialized view', f: 'foreign table' }

function publishedFindings(watched: WatchedTable, facts: TableFacts): Finding[] {
  const name = readableTable(watched)
  if (facts.is_unlogged) return [unlogged(name)]
  // Before the identity: FULL makes the application's writes fail where a generated column is not published.
  const ofGenerated = generatedFindings(watched, facts, watched.needsOldImage)
  const ofParts = facts.unlogged_partitions.map((partition) => unlogged(readableTable(partition)))
  const findings = [
    ...ofParts,
    ...ofGenerated,
    ...identityFindings(watched, facts),
    ...partitionFindings(watched, facts),
  ]
  if (facts.children.length > 0) {
    const children = facts.children.map(readableTable).join(', ')
    const found = `rows of ${children}, which inherit from ${name}, are not told: the WAL has them under their own names`
    findings.push(warn(`children of ${name}`, found, `partition ${name} instead, or keep no rows in them`))
  }
  return [...findings, ...typeFindings(watched, facts)]
}

/** What is read as null where it has another type. */
function typeFindings(watched: WatchedTable, facts: TableFacts): Finding[] {
  const wrong = (columns: readonly string[], right: RegExp, what: string) =>
    columns
      .filter((column) => !right.test(facts.types[column] ?? ''))
      .map((column) => {
        const found = `${readableIdentifier(column)} is ${facts.types[column]}, which is not read as ${what}: times are sent as null`
        const remedy = `map a column of such a type in models.${watched.model}.columns`
        return warn(`types of ${readableTable(watched)}`, found, remedy)
      })
  return [
    ...wrong(watched.moments, /^timestamp with/, 'a moment'),
    ...wrong(watched.minutes, /^(?:smallint|integer|bigint|numeric|real|double precision)$/, 'minutes'),
  ]
}

/** The table, or a column of it, is not there under its name: a rename and its undoing lie a statement apart. */
export const isOfShape = ({ title }: Finding): boolean => title.startsWith('table ')

const identityTitle = 'replica identity of'

/** Of one that streamed before it costs single rows, each told from its last image or a gap of its own: no reason to stop all. */
export const isOfIdentity = ({ title }: Finding): boolean => title.startsWith(identityTitle)

function identityFindings(watched: WatchedTable, facts: TableFacts): Finding[] {
  const name = readableTable(watched)
  const title = `${identityTitle} ${name}`
  const full = `ALTER TABLE ${name} REPLICA IDENTITY FULL;`
  const hasChildren = facts.children.length > 0
  if (watched.needsOldImage || facts.identity === 'f') {
    // Its row comes first: beside a column list, what mends the identity makes the application's writes fail.
    const lists = facts.listed_in.length === 0 ? [] : [listedFinding(watched, hasChildren, facts.listed_in)]
    const found = `${name} does not have REPLICA IDENTITY FULL, so old values never arrive`
    return [...lists, facts.identity === 'f' ? ok(title, 'FULL') : fail(title, found, full)]
  }
  if (facts.uncovered_in.length > 0) return [listedFinding(watched, hasChildren, facts.uncovered_in)]
  const without = facts.listed_in.map((publication) =>
    anew(readableIdentifier(publication), publishable(watched, hasChildren)),
  )
  const before = generatedFindings(watched, facts, true).map((finding) => finding.remedy)
  const remedy = [...before, ...without, full].join(' ')
  if (hasNoIdentity(facts)) {
    const found = `${name} has no replica identity: publishing it makes the application's UPDATE and DELETE fail`
    return [fail(title, found, remedy)]
  }
  return [warn(title, 'not FULL: an update arrives without old values', remedy)]
}

/** Neither ALTER TABLE of the root nor a new partition's birth gives a partition the identity of its root. */
function partitionFindings(watched: WatchedTable, { identity, weak_partitions: weak }: TableFacts): Finding[] {
  if (weak.length === 0) return []
  const name = readableTable(watched)
  const title = `${identityTitle} ${name}'s partitions`
  const listed = weak.map(readableTable).join(', ')
  const full = weak.map((partition) => `ALTER TABLE ${readableTable(partition)} REPLICA IDENTITY FULL;`).join(' ')
  if (watched.needsOldImage) {
    const found = `partitions of ${name} do not have REPLICA IDENTITY FULL, so old values never arrive: ${listed}`
    return [fail(title, found, full)]
  }
  if (weak.some(hasNoIdentity)) {
    const found = `partitions of ${name} have no replica identity: publishing makes the application's UPDATE and DELETE fail`
    return [fail(title, found, full)]
  }
  const found = `not FULL: an update arrives without old values: ${listed}`
  // Its root shows what was meant.
  return [identity === 'f' ? fail(title, found, full) : warn(title, found, full)]
}

function grantFindings(watched: WatchedTable, facts: TableFacts, role: string): Finding[] {
  const name = readableTable(watched)
  const title = `grants on ${name}`
  const grantee = readableIdentifier(role)
  if (!facts.schema_usage) {
    const schema = readableIdentifier(watched.schema)
    return [
      fail(title, `role ${grantee} may not use schema ${schema}`, `GRANT USAGE ON SCHEMA ${schema} TO ${grantee};`),
    ]
  }
  const hidden = watched.columns.filter((column) => !facts.selectable.includes(column))
  if (hidden.length > 0) {
    const columns = hidden.map(readableIdentifier).join(', ')
    return [
      fail(
        title,
        `role ${grantee} may not read ${columns} of ${name}`,
        `GRANT SELECT (${columns}) ON ${name} TO ${grantee};`,
      ),
    ]
  }
  if (facts.row_security) {
    const found = `row security on ${name} would hide rows from role ${grantee}`
    return [fail(title, found, `ALTER ROLE ${grantee} BYPASSRLS;`)]
  }
  return [ok(title, `role ${grantee} may read the ${watched.columns.length} mapped columns`)]
}
