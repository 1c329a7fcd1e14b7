// The publication as the catalogs describe it, held against what the daemon needs. Findings for preflight, and a
// fingerprint for the watch while streaming: since PostgreSQL 18 a publication that goes missing is only a warning in the
// server's log and an empty stream, and a drift cannot be repaired by reconnecting.
import { hasChildren, hasNoIdentity, type Identified, identified, type Named } from './database-state.js'
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
import { fingerprintOf } from './fingerprint.js'
import { type GeneratedColumn, generatedColumns, publishingGenerated, storing } from './generated.js'
import { type Part, partsOf, placeOf } from './parts.js'
import { anew, publicationOptions, publishable } from './prepare.js'
import { schemaFindings } from './published-schemas.js'
import { treeOf } from './tree.js'

interface PublicationFacts {
  readonly oid: string
  readonly all_tables: boolean
  readonly publishes_all: boolean
  readonly publishes_truncate: boolean
  readonly via_root: boolean
  /** Another one after every ALTER of the publication itself, and of nothing else. */
  readonly version: string
  /** What an ALTER of it may change that loses nothing: its owner, and whether generated columns are published. */
  readonly harmless: string
  /** From PostgreSQL 18 on generated columns can be published; before that `columns` has them, and they are not sent. */
  readonly knows_generated: boolean
  /** … and this one leaves them out. */
  readonly hides_generated: boolean
  readonly tables: readonly PublishedTable[]
  /** Every table that its publication could make refuse writes, partitions by themselves. */
  readonly members: readonly (Identified & { readonly root: Named })[]
}

interface PublishedTable {
  readonly oid: string
  readonly schema: string
  readonly table: string
  readonly kind: string
  readonly identity: string
  /** Published columns; null: the server is older than 15 and publishes all. */
  readonly columns: readonly string[] | null
  readonly row_filter: string | null
  readonly generated: readonly GeneratedColumn[]
  /** The table's oid, that of its place in the publication, and its column list: new ones when it was taken out and put back. */
  readonly membership: string
  /** Where its schema brings it in: of the schema's place in the publication and of the table's in its schema, new ones as above. */
  readonly place: string
  readonly parts: readonly Part[]
}

/** `attnames` and `rowfilter` exist from 15 on; to_jsonb asks for them without naming them. */
const factsQuery = `
  SELECT p.oid::text AS oid, p.puballtables AS all_tables,
         p.pubinsert AND p.pubupdate AND p.pubdelete AS publishes_all, p.pubtruncate AS publishes_truncate,
         p.pubviaroot AS via_root,
         p.xmin::text AS version, concat_ws(' ', p.pubowner, to_jsonb(p) ->> 'pubgencols') AS harmless,
         to_jsonb(p) ? 'pubgencols' AS knows_generated, coalesce(to_jsonb(p) ->> 'pubgencols' = 'n', false) AS hides_generated,
         (SELECT coalesce(json_agg(json_build_object(
                   'oid', c.oid::text, 'schema', t.schemaname, 'table', t.tablename, 'kind', c.relkind, 'identity', c.relreplident,
                   'columns', to_jsonb(t) -> 'attnames', 'row_filter', to_jsonb(t) ->> 'rowfilter',
                   'generated', ${generatedColumns('c')},
                   'membership', concat_ws(' ', c.oid, r.oid, to_jsonb(r) ->> 'prattrs'),
                   'place', ${placeOf('p', 'c', 'r')}, 'parts', ${partsOf('c')})
                   ORDER BY t.schemaname, t.tablename), '[]')
            FROM pg_publication_tables t
            JOIN pg_namespace n ON n.nspname = t.schemaname
            JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
            LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
           WHERE t.pubname = p.pubname) AS tables,
         (SELECT coalesce(json_agg(json_build_object(${identified('c', 'n')}, 'root', json_build_object('schema', t.schemaname, 'table', t.tablename))
                                   ORDER BY n.nspname, c.relname), '[]')
            FROM pg_publication_tables t
            JOIN pg_namespace rn ON rn.nspname = t.schemaname
            JOIN pg_class r ON r.relnamespace = rn.oid AND r.relname = t.tablename
           CROSS JOIN LATERAL (SELECT r.oid UNION SELECT tree.relid FROM ${treeOf('r')} tree) part (oid)
            JOIN pg_class c ON c.relkind = 'r' AND c.oid = part.oid
            JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE t.pubname = p.pubname AND c.relreplident <> 'f') AS members
    FROM pg_publication p WHERE p.pubname = $1`

/** Of the watched tables those that have children by INHERITS, and those that are partitioned. */
const treesQuery = `
  SELECT n.nspname AS schema, c.relname AS table, c.relkind = 'p' AS partitioned
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE (c.relkind = 'p' OR ${hasChildren('c')}) AND (n.nspname, c.relname) IN (SELECT * FROM unnest($1::text[], $2::text[]))`

const versionQuery = "SELECT current_setting('server_version_num')::int AS version"

export interface PublicationReport {
  readonly findings: readonly Finding[]
  /** The watched tables that it publishes: OID → the model's name. */
  readonly published: ReadonlyMap<number, string>
  /**
   * What is published of the watched tables, and in which tables their rows are; empty: there is no publication. Compared by
   * `lossBetween`: equal text is the same, and a column that the application adds or drops is no difference to it.
   */
  readonly fingerprint: string
}

/** @param followed the tables that were followed before, OID → the model's name: one is known under whatever name it has now */
export async function inspectPublication(
  sql: Sql,
  name: string,
  watched: readonly WatchedTable[],
  followed: ReadonlyMap<number, string> = new Map(),
): Promise<PublicationReport> {
  const { rows } = await sql.query<PublicationFacts>(factsQuery, [name])
  const [facts] = rows
  const published = watched.filter((table) => table.published)
  const shown = readableIdentifier(name)
  const named = [published.map(({ schema }) => schema), published.map(({ table }) => table)]
  const { rows: trees } = await sql.query<Named & { partitioned: boolean }>(treesQuery, named)
  const parents = trees.filter(({ partitioned }) => !partitioned)
  const asMember = (table: Named) => publishable(table, parents.some(isSame(table)))
  if (facts === undefined) {
    const list = published.map(asMember).join(', ')
    const { rows: servers } = await sql.query<{ version: number }>(versionQuery)
    const options = publicationOptions(trees.length > parents.length, servers[0]?.version ?? 0)
    const remedy = `CREATE PUBLICATION ${shown} FOR TABLE ${list}${options};`
    const findings = [fail(`publication ${shown}`, `there is no publication ${shown}`, remedy)]
    return { fingerprint: '', published: new Map(), findings }
  }
  const findings = [
    ...generalFindings(shown, facts),
    ...(await schemaFindings(sql, name, published, asMember)),
    ...published.map((table) => tableFinding(shown, facts, table, asMember(table))),
    ...strangerFindings(shown, facts, published),
  ]
  const ours = published.flatMap((table) => {
    const isFollowed = ({ oid }: PublishedTable) => followed.get(Number(oid)) === table.model
    const is = facts.tables.find(isSame(table)) ?? facts.tables.find(isFollowed)
    if (is === undefined) return []
    // An appointment without its old row is told from its last image, or is a gap of that one row: no reason for a whole one.
    return [{ ...is, identity: table.needsOldImage ? 'f' : is.identity, model: table.model }]
  })
  return {
    findings,
    published: new Map(ours.map(({ oid, model }) => [Number(oid), model])),
    fingerprint: fingerprintOf({ ...facts, tables: ours }),
  }
}

const isSame =
  (one: Named) =>
  ({ schema, table }: Named): boolean =>
    schema === one.schema && table === one.table

function generalFindings(shown: string, facts: PublicationFacts): Finding[] {
  const title = `publication ${shown}`
  const publishAll = `ALTER PUBLICATION ${shown} SET (publish = 'insert, update, delete, truncate');`
  if (!facts.publishes_all) {
    const found = `publication ${shown} does not publish all of insert, update and delete`
    return [fail(title, found, publishAll)]
  }
  if (!facts.publishes_truncate) {
    const found = `publication ${shown} does not publish truncate: appointments that one takes away would be told of as if they were there`
    return [warn(title, found, publishAll)]
  }
  if (facts.all_tables) {
    const found = 'it is FOR ALL TABLES: every table of the database is decoded and sent, and new ones join unasked'
    return [warn(title, found, `make a publication for the watched tables only (notifyd setup --print-sql)`)]
  }
  if (facts.hides_generated) {
    const found = `it leaves generated columns out: one that is added to a table with REPLICA IDENTITY FULL makes the application's UPDATE and DELETE fail`
    return [warn(title, found, publishingGenerated(shown))]
  }
  return [ok(title, 'found, publishes insert, update and delete')]
}

function tableFinding(shown: string, facts: PublicationFacts, watched: WatchedTable, asMember: string): Finding {
  const name = readableTable(watched)
  const title = `${name} in publication ${shown}`
  const member = facts.tables.find(isSame(watched))
  if (member === undefined) {
    const first = facts.hides_generated ? `${publishingGenerated(shown)} ` : ''
    const remedy = `${first}ALTER PUBLICATION ${shown} ADD TABLE ${asMember};`
    const viaRoot = `if ${name} is partitioned: ALTER PUBLICATION ${shown} SET (publish_via_partition_root = true);`
    return fail(
      title,
      `publication ${shown} does not have ${name}`,
      facts.tables.length > 0 ? `${remedy}  -- ${viaRoot}` : remedy,
    )
  }
  if (member.kind === 'p' && !facts.via_root) {
    const remedy = `ALTER PUBLICATION ${shown} SET (publish_via_partition_root = true);`
    return fail(title, `${name} is partitioned, and its changes are published under its partitions' names`, remedy)
  }
  const again = anew(shown, asMember)
  if (member.row_filter !== null)
    return fail(title, `publication ${shown} has a row filter on ${name}: rows would be missed`, again)
  const columns = member.columns
  const missing = columns === null ? [] : watched.columns.filter((column) => !columns.includes(column))
  const generated = member.generated.filter(
    ({ name: column }) =>
      watched.columns.includes(column) && (!facts.knows_generated || (columns !== null && !columns.includes(column))),
  )
  // Beside FULL a virtual one is told of where the table is looked at.
  if (generated.length > 0 && !(member.identity === 'f' && generated.some(({ kind }) => kind === 'v')))
    return generatedFinding(title, shown, facts, watched, generated)
  if (missing.length > 0) {
    const list = missing.map(readableIdentifier).join(', ')
    return fail(title, `the column list of ${name} in publication ${shown} lacks ${list}`, again)
  }
  return ok(title, columns === null ? 'published' : `published with ${columns.length} columns`)
}

/** A mapped column that is not sent, because it is a generated one. */
function generatedFinding(
  title: string,
  shown: string,
  facts: PublicationFacts,
  watched: WatchedTable,
  generated: readonly GeneratedColumn[],
): Finding {
  const list = generated.map((column) => readableIdentifier(column.name)).join(', ')
  const found = `${list} of ${readableTable(watched)} is a generated column, which is not published`
  const another = `map a column of its own in models.${watched.model}.columns`
  if (!facts.knows_generated)
    return fail(
      title,
      found,
      `${another}; PostgreSQL 18 and later can publish STORED ones (publish_generated_columns = stored)`,
    )
  const virtual = generated.filter(({ kind }) => kind === 'v')
  const store = virtual.length === 0 ? '' : `${storing(watched, virtual)} `
  return fail(title, found, `${store}${publishingGenerated(shown)}  -- or ${another}`)
}

/** Tables that somebody else has put into it, or that came along as children: their UPDATE and DELETE must not fail either. */
function strangerFindings(shown: string, facts: PublicationFacts, watched: readonly WatchedTable[]): Finding[] {
  const strangers = facts.members.filter((member) => hasNoIdentity(member) && !watched.some(isSame(member.root)))
  if (strangers.length === 0) return []
  const names = strangers.map(readableTable)
  const found = `${names.join(', ')} in publication ${shown} has no replica identity: the application's UPDATE and DELETE of it fail`
  const out = names.map((name) =>
    facts.all_tables
      ? `ALTER TABLE ${name} REPLICA IDENTITY FULL;`
      : `ALTER PUBLICATION ${shown} DROP TABLE ONLY ${name};`,
  )
  return [fail(`other tables in publication ${shown}`, found, out.join(' '))]
}
