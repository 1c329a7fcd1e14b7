// The power of REPLICATION: with it, and the pg_hba.conf that initdb writes, a role can copy the whole cluster, passwords and all
// other databases included (pg_basebackup). Found out by asking for such a connection, which changes nothing; told with the lines
// that leave the role its one database.
// https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
import { errorCode } from '../base/errors.js'
import { clientClass, connectionConfig, type DatabaseAddress } from './connection.js'
import { type Finding, ok, readableIdentifier, type Sql, warn } from './finding.js'

/** Lines of pg_hba.conf, to stand before all others: of these the first that fits counts. */
export const hbaLines = (role: string, database: string): readonly string[] => {
  const [who, which] = [role, database].map((name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`))
  return [
    `host  ${which}  ${who}  ADDRESS-OF-NOTIFYD/32  scram-sha-256`,
    `local  ${which}  ${who}  scram-sha-256`,
    // `all` does not hold physical replication: that has a line of its own.
    `host  replication  ${who}  all  reject`,
    `local  replication  ${who}  reject`,
    `host  all  ${who}  all  reject`,
    `local  all  ${who}  reject`,
  ]
}

const title = 'physical replication'

/** Refusals by pg_hba.conf, and by a managed service. */
const refusals: ReadonlySet<string | null> = new Set(['28000', '28P01', '42501', '0A000'])

/** Empty: it could not be found out. */
export async function inspectPhysical(sql: Sql, address: DatabaseAddress): Promise<readonly Finding[]> {
  const { rows } = await sql.query<{ role: string; database: string }>(
    'SELECT current_user::text AS role, current_database()::text AS database',
  )
  const { role = 'notifyd', database = '' } = rows[0] ?? {}
  const config = { ...connectionConfig(address), replication: 'true' }
  const client = new (clientClass(address))(config)
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('IDENTIFY_SYSTEM')
    const found = `open to ${readableIdentifier(role)}: it can copy the whole cluster (pg_basebackup), not only what is published`
    const lines = hbaLines(role, database).filter((line) => line.includes('replication'))
    return [warn(title, found, `first in pg_hba.conf: ${lines.join(' / ')}  -- then SELECT pg_reload_conf();`)]
  } catch (error) {
    return refusals.has(errorCode(error)) ? [ok(title, 'refused to this role')] : []
  } finally {
    // One that never came about may never end either, and that it does not is no news: nothing was to be kept of it.
    client.end().catch(() => undefined)
  }
}
