// Which managed service a server is of, by a role that only such a service has, and what stands there in the place of
// ALTER SYSTEM and of ALTER ROLE … REPLICATION, which it may not allow.
import { readableIdentifier } from './finding.js'

export type Service = 'rds' | 'alloydb' | 'cloudsql' | 'azure'

/** An SQL expression: the service, or null where nothing of one is found. AlloyDB has Cloud SQL's role too. */
export const serviceExpression = `(
  SELECT service FROM pg_roles
    JOIN (VALUES ('rds_superuser', 'rds', 1), ('alloydbsuperuser', 'alloydb', 2), ('cloudsqlsuperuser', 'cloudsql', 3),
                 ('azure_pg_admin', 'azure', 4)) known (role, service, rank) ON rolname = role
   ORDER BY rank LIMIT 1)`

/**
 * An SQL condition on a row `r` of pg_roles. RDS and Aurora leave the attribute to themselves and give its right by
 * membership; the other services give the attribute.
 */
export const mayReplicateCondition = `(r.rolreplication OR r.rolsuper OR EXISTS (
  SELECT FROM pg_roles m WHERE m.rolname = 'rds_replication' AND pg_has_role(r.oid, m.oid, 'MEMBER')))`

/** Lets a role that is there replicate. */
export function allowReplication(role: string, service: Service | null): string {
  const grantee = readableIdentifier(role)
  return service === 'rds' ? `GRANT rds_replication TO ${grantee};` : `ALTER ROLE ${grantee} REPLICATION;`
}

const places: Readonly<Record<Service, string>> = {
  rds: 'in the DB parameter group',
  alloydb: 'as a database flag of the instance',
  cloudsql: 'as a database flag of the instance',
  azure: 'under Server parameters',
}

/** The service's own name and value for wal_level = logical. */
const logical: Readonly<Record<Service, string>> = {
  rds: 'rds.logical_replication = 1',
  alloydb: 'alloydb.logical_decoding = on',
  cloudsql: 'cloudsql.logical_decoding = on',
  azure: 'wal_level = logical',
}

/** How a setting of the server is changed. `value` as it is written, without quotes. */
export function changeSetting(name: string, value: string, service: Service | null, needsRestart: boolean): string {
  if (service === null) {
    const written = /^[a-z]\w*$/.test(value) ? value : `'${value}'`
    return `ALTER SYSTEM SET ${name} = ${written};  ${needsRestart ? '-- then restart the server' : 'SELECT pg_reload_conf();'}`
  }
  const setting = name === 'wal_level' ? logical[service] : `${name} = ${value}`
  return `${setting} ${places[service]}${needsRestart ? ', then restart it' : ''}`
}
