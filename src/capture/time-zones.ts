// Whether mapped times that have no zone are read in the right one: the server's and the roles' own zones against the model's.
// The daemon's connections say UTC, so a connection without that is asked. Findings for `check`; reads only.
import { clientClass, connectionConfig, type DatabaseAddress } from './connection.js'
import { type Finding, ok, readableIdentifier, readableTable, type Sql, type WatchedTable, warn } from './finding.js'

/** pg_type.oid of timestamp without time zone. */
const timestampOid = 1114

const zonelessQuery = `
  SELECT a.attname::text AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
   WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = ANY ($3) AND coalesce(nullif(t.typbasetype, 0), t.oid) = ${timestampOid}
   ORDER BY a.attnum`

const rolesQuery = `
  SELECT DISTINCT substr(setting, strpos(setting, '=') + 1) AS zone
    FROM pg_db_role_setting s, unnest(s.setconfig) setting
   WHERE setting ILIKE 'timezone=%'
     AND (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))`

const isUtc = (zone: string): boolean => /^(?:etc\/)?(?:utc|uct|gmt|zulu|universal|greenwich)$/i.test(zone)

/** A row for each table with such columns. @throws what `sql` or another connection throws */
export async function inspectTimeZones(
  sql: Sql,
  address: DatabaseAddress,
  tables: readonly WatchedTable[],
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const table of tables) {
    const { rows } = await sql.query<{ name: string }>(zonelessQuery, [table.schema, table.table, table.moments])
    if (rows.length === 0) continue
    const columns = rows.map(({ name }) => readableIdentifier(name)).join(', ')
    findings.push(ofTable(table, columns, await zonesOf(sql, address)))
  }
  return findings
}

/** @param zones of the server and of roles */
function ofTable(table: WatchedTable, columns: string, zones: readonly string[]): Finding {
  const { model, timeZone = 'UTC' } = table
  const title = `time zone of ${readableTable(table)}`
  const others = zones.filter((zone) => !isUtc(zone))
  if (timeZone !== 'UTC' || others.length === 0) return ok(title, `${columns} without a zone, read in ${timeZone}`)
  const found = `${columns} of ${readableTable(table)} have no time zone and are read in UTC, while the server or a role has ${others.join(', ')}`
  return warn(title, found, `set models.${model}.time_zone to the zone that the application writes these in`)
}

async function zonesOf(sql: Sql, address: DatabaseAddress): Promise<readonly string[]> {
  const { rows } = await sql.query<{ zone: string }>(rolesQuery)
  return [...new Set([await ownZone(address), ...rows.map(({ zone }) => zone)])]
}

/** Of a connection that forces nothing: the server's, or what the database or the role says instead. */
async function ownZone(address: DatabaseAddress): Promise<string> {
  const client = new (clientClass(address))({ ...connectionConfig(address), options: '' })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ zone: string }>("SELECT current_setting('TimeZone') AS zone")
    return rows[0]?.zone ?? 'UTC'
  } finally {
    await client.end()
  }
}
