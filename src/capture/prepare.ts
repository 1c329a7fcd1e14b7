// What the daemon needs of a database as SQL: the statements that make it and those that take it back, from the state that was
// found. Pure. Owns that nothing in it makes the application's own writes fail, and that only what was made is taken back.
import { type DatabaseState, hasNoIdentity, type Identified, type Named, type Publishable } from './database-state.js'
import { type Finding, fail, quoteIdentifier, readableIdentifier, readableTable, type WatchedTable } from './finding.js'
import { generatedFindings, publishingGenerated } from './generated.js'
import { hbaLines } from './physical.js'
import { allowReplication } from './service.js'

export interface Preparation {
  readonly publication: string
  readonly role: string
  readonly tables: readonly WatchedTable[]
  /** Null: the database could not be looked at. */
  readonly found: DatabaseState | null
}

const published = (tables: readonly WatchedTable[]) => tables.filter((table) => table.published)

/** Old values are needed of appointments, and of states to see them change. */
const wantsFull = ({ needsOldImage, model }: WatchedTable): boolean => needsOldImage || model === 'notestatechangeevent'

const find = <T extends Named>(among: readonly T[] | undefined, { schema, table }: Named): T | undefined =>
  among?.find((one) => one.schema === schema && one.table === table)

const text = (value: string) => `'${value.replaceAll("'", "''")}'`

/** Replica identity first: from the moment of its publication a table without one refuses UPDATE and DELETE. */
export function preparing(preparation: Preparation): string[] {
  const { tables, found } = preparation
  const weak = published(tables)
    .filter(wantsFull)
    .flatMap((table): (Named & Partial<Identified>)[] => {
      const is = find(found?.tables, table)
      return is === undefined ? [table] : [is, ...is.leaves].filter(({ identity }) => identity !== 'f')
    })
  const before = weak.flatMap((table): [string, string][] =>
    table.identity === undefined ? [] : [[readableTable(table), formerly(table)]],
  )
  return [
    // Before FULL, which takes a generated column into the identity.
    ...(found?.publication?.hides_generated ? [publishingGenerated(readableIdentifier(preparation.publication))] : []),
    ...weak.map((table) => `ALTER TABLE ${readableTable(table)} REPLICA IDENTITY FULL;`),
    ...publishing(preparation),
    ...remembering(preparation, before),
  ]
}

/** What is missing of the publication. A table's children would not be told as the table, so they stay out of it. */
function publishing({ publication, tables, found }: Preparation): string[] {
  const name = readableIdentifier(publication)
  const reference = (table: Named) => publishable(table, find(found?.tables, table)?.has_children === true)
  const isPartitioned = found?.tables.some(({ kind }) => kind === 'p') === true
  const is = found?.publication ?? null
  if (is === null) {
    const list = published(tables).map(reference).join(', ')
    return [`CREATE PUBLICATION ${name} FOR TABLE ${list}${publicationOptions(isPartitioned, found?.version ?? 0)};`]
  }
  const missing = is.all_tables ? [] : published(tables).filter((table) => find(is.tables, table) === undefined)
  return [
    ...missing.map((table) => `ALTER PUBLICATION ${name} ADD TABLE ${reference(table)};`),
    ...(isPartitioned && !is.via_root ? [`ALTER PUBLICATION ${name} SET (publish_via_partition_root = true);`] : []),
  ]
}

/** Of one that is to be made. STORED columns are published from 18 on: one that is added later then breaks no write. */
export function publicationOptions(isPartitioned: boolean, version: number): string {
  const options = [
    ...(isPartitioned ? ['publish_via_partition_root = true'] : []),
    ...(version >= 180_000 ? ['publish_generated_columns = stored'] : []),
  ]
  return options.length === 0 ? '' : ` WITH (${options.join(', ')})`
}

const mark = 'notifyd setup, replica identity before: '

/** `DEFAULT`, `NOTHING` or `INDEX name`. */
const formerly = ({ identity, index }: Partial<Identified>): string => {
  if (identity === 'i' && typeof index === 'string') return `INDEX ${index}`
  return identity === 'n' ? 'NOTHING' : 'DEFAULT'
}

/** As a comment on the publication, so that `--undo` knows what was there. One that is not ours is left alone. */
function remembering({ publication, found }: Preparation, before: readonly [string, string][]): string[] {
  const is = found?.publication ?? null
  const known = remembered(is?.comment ?? null)
  const isForeign = is !== null && is.comment !== null && known === null
  if (before.length === 0 || isForeign) return []
  const comment = mark + JSON.stringify({ ...Object.fromEntries(before), ...known })
  return [`COMMENT ON PUBLICATION ${readableIdentifier(publication)} IS ${text(comment)};`]
}

/** Null: the comment is not ours. */
function remembered(comment: string | null): Readonly<Record<string, unknown>> | null {
  if (comment === null || !comment.startsWith(mark)) return null
  try {
    const parsed: unknown = JSON.parse(comment.slice(mark.length))
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null
  } catch {
    return null // somebody has edited it
  }
}

/** Why it must not be done: what would make the application's writes fail, or cannot be published at all. */
export function refusals({ publication, tables, found: state }: Preparation): Finding[] {
  if (state === null) return []
  return published(tables).flatMap((table) => {
    const is = find(state.tables, table)
    if (is !== undefined) return refused(table, is, publication)
    const found = `there is no table ${readableTable(table)}`
    return [fail('table', found, `correct models.${table.model}.table in the config`)]
  })
}

function refused(table: WatchedTable, is: Publishable, ours: string): Finding[] {
  const name = readableTable(table)
  if (is.kind !== 'r' && is.kind !== 'p') {
    const remedy = `name the table itself in models.${table.model}.table, and map its columns`
    return [fail('table', `${name} is no table, and only tables can be published`, remedy)]
  }
  if (is.is_unlogged) return [unlogged(name)]
  if (is.unlogged_partitions.length > 0) return is.unlogged_partitions.map((one) => unlogged(readableTable(one)))
  // Ours is told to publish them.
  const hiddenIn = is.generated_hidden_in.filter((publication) => publication !== ours)
  const ofGenerated = generatedFindings(table, { ...is, generated_hidden_in: hiddenIn }, wantsFull(table))
  if (ofGenerated.length > 0) return ofGenerated
  const lists = wantsFull(table) ? is.listed_in : is.uncovered_in
  if (lists.length > 0) return [listedFinding(table, is.has_children, lists)]
  if (wantsFull(table)) return []
  const without = (is.kind === 'p' ? is.leaves : [is]).filter(hasNoIdentity).map(readableTable)
  if (without.length === 0) return []
  const remedy = without.map((one) => `ALTER TABLE ${one} REPLICA IDENTITY FULL;`).join(' ')
  const found = `${without.join(', ')} has no primary key and no replica identity: published, it would refuse the application's UPDATE and DELETE`
  return [fail('identity', found, remedy)]
}

/** @param name as SQL */
export const unlogged = (name: string): Finding =>
  fail(
    `table ${name}`,
    `${name} is UNLOGGED: its changes are not in the WAL`,
    `ALTER TABLE ${name} SET LOGGED;  -- writes the whole table into WAL`,
  )

/** @param publications whose column list for it does not cover its identity, whoever they are for */
export function listedFinding(table: Named, hasChildren: boolean, publications: readonly string[]): Finding {
  const name = readableTable(table)
  const shown = publications.map(readableIdentifier)
  const found = `${name} has a column list in publication ${shown.join(', ')}, which does not cover its replica identity (none covers FULL): the application's UPDATE and DELETE fail`
  const remedy = shown.map((one) => anew(one, publishable(table, hasChildren))).join(' ')
  return fail(`column list of ${name}`, found, remedy)
}

/** As a publication takes it. Without ONLY it would take a table's children (by INHERITS) too. */
export const publishable = (table: Named, hasChildren: boolean): string =>
  `${hasChildren ? 'ONLY ' : ''}${readableTable(table)}`

/** Both as SQL. Whoever reads that publication gets all columns and rows then. */
export const anew = (publication: string, table: string): string =>
  `ALTER PUBLICATION ${publication} DROP TABLE ${table}; ALTER PUBLICATION ${publication} ADD TABLE ${table};`

/** Takes back what `preparing` has made, as the publication's comment tells it; the slot too. */
export function undoing({ publication, tables, found }: Preparation, slot: string): string[] {
  const before = remembered(found?.publication?.comment ?? null)
  const full = published(tables)
    .filter(wantsFull)
    .flatMap((table): Identified[] => {
      const is = find(found?.tables, table)
      return is === undefined ? [] : [is, ...is.leaves].filter(({ identity }) => identity === 'f')
    })
  return [
    // Names of slots are the cluster's: one of another database is another daemon's.
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${text(slot)} AND database = current_database();`,
    `DROP PUBLICATION IF EXISTS ${readableIdentifier(publication)};`,
    ...full.map((table) => takingBack(table, before?.[readableTable(table)])),
  ]
}

function takingBack(table: Identified, before: unknown): string {
  const name = readableTable(table)
  if (typeof before !== 'string') {
    return `-- ${name} keeps REPLICA IDENTITY FULL: setup did not make it (ALTER TABLE ${name} REPLICA IDENTITY DEFAULT;)`
  }
  const index = before.startsWith('INDEX ') ? before.slice('INDEX '.length) : null
  if (index !== null) return `ALTER TABLE ${name} REPLICA IDENTITY USING INDEX ${quoteIdentifier(index)};`
  return `ALTER TABLE ${name} REPLICA IDENTITY ${before === 'NOTHING' ? 'NOTHING' : 'DEFAULT'};`
}

/** The daemon's role with its minimal grants. */
export function granting({ tables, role, found }: Preparation): string[] {
  const grantee = readableIdentifier(role)
  const read = tables.filter((table) => table.selected)
  const schemas = [...new Set(read.map((table) => readableIdentifier(table.schema)))]
  return [
    ...roleMaking(role, found),
    ...power(role, found),
    ...(found === null ? [] : [`GRANT CONNECT ON DATABASE ${readableIdentifier(found.database)} TO ${grantee};`]),
    ...schemas.map((schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${grantee};`),
    ...read.map((table) => {
      const columns = table.columns.map(readableIdentifier).join(', ')
      return `GRANT SELECT (${columns}) ON ${readableTable(table)} TO ${grantee};`
    }),
  ]
}

/** A managed service has its own pg_hba.conf, and lets nobody copy the cluster. */
function power(role: string, found: DatabaseState | null): string[] {
  if (found !== null && found.service !== null) return []
  return [
    '-- REPLICATION lets a role copy the whole cluster (pg_basebackup) and decode every table of a database that it may connect to.',
    '-- Leave it its one database: these lines of pg_hba.conf before all others, then SELECT pg_reload_conf();  (docs/security.md)',
    ...hbaLines(role, found?.database ?? 'DATABASE').map((line) => `--   ${line}`),
  ]
}

function roleMaking(role: string, found: DatabaseState | null): string[] {
  const grantee = readableIdentifier(role)
  if (found === null) return [`-- where it is not there yet: CREATE ROLE ${grantee} LOGIN REPLICATION;`]
  const allowing = allowReplication(role, found.service)
  if (found.role !== null) return found.role.may_replicate ? [] : [allowing]
  const password = `-- without a password yet: ALTER ROLE ${grantee} PASSWORD '…';`
  if (found.service === 'rds') return [`CREATE ROLE ${grantee} LOGIN;  ${password}`, allowing]
  return [`CREATE ROLE ${grantee} LOGIN REPLICATION;  ${password}`]
}
