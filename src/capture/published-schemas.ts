// Whether a publication is FOR TABLES IN SCHEMA, which PostgreSQL has from 15 on: it follows the schema and not its tables, so that one
// that is moved by SET SCHEMA leaves it, and new ones join. A warning out, with the SQL that names the tables instead.
import type { Named } from './database-state.js'
import { type Finding, readableIdentifier, type Sql, warn } from './finding.js'

const knowsQuery = `SELECT to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL AS knows`

const schemasQuery = `
  SELECT n.nspname AS schema FROM pg_publication p JOIN pg_publication_namespace s ON s.pnpubid = p.oid
    JOIN pg_namespace n ON n.oid = s.pnnspid WHERE p.pubname = $1 ORDER BY 1`

const namedQuery = `
  SELECT n.nspname AS schema, c.relname AS table FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
    JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = $1`

/** @param asMember a table as the publication takes it, as SQL @throws what `sql` throws */
export async function schemaFindings(
  sql: Sql,
  publication: string,
  watched: readonly Named[],
  asMember: (table: Named) => string,
): Promise<Finding[]> {
  const { rows: known } = await sql.query<{ knows: boolean }>(knowsQuery)
  if (known[0]?.knows !== true) return []
  const { rows: schemas } = await sql.query<{ schema: string }>(schemasQuery, [publication])
  if (schemas.length === 0) return []
  const { rows: named } = await sql.query<Named>(namedQuery, [publication])
  const isNamed = ({ schema, table }: Named) => named.some((one) => one.schema === schema && one.table === table)
  const unnamed = watched.filter((table) => !isNamed(table))
  const shown = readableIdentifier(publication)
  const list = schemas.map(({ schema }) => readableIdentifier(schema)).join(', ')
  const add = unnamed.length === 0 ? '' : `ALTER PUBLICATION ${shown} ADD TABLE ${unnamed.map(asMember).join(', ')}; `
  const leaves = unnamed.length === 0 ? '' : 'a followed table that is moved to another schema leaves it unasked, and '
  const found = `it is FOR TABLES IN SCHEMA ${list}: ${leaves}every new table there joins it`
  const remedy = `${add}ALTER PUBLICATION ${shown} DROP TABLES IN SCHEMA ${list};  -- a daemon that has streamed from it asks for gaps accept then`
  return [warn(`publication ${shown} by schema`, found, remedy)]
}
