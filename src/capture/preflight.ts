// Everything the daemon needs of the server before it streams, looked at in one go: server settings, role, tables,
// publication, slots. Findings out; it changes nothing. `notifyd check` prints them all, `run` stops at the first failure.
import type { Finding, Sql, WatchedTable } from './finding.js'
import { fail, ok, readableIdentifier, warn } from './finding.js'
import { inspectPublication } from './publication.js'
import { readSlot, type SlotFacts } from './slot.js'
import { inspectTable } from './tables.js'

export type { Finding } from './finding.js'

export interface PreflightOptions {
  readonly sql: Sql
  readonly slot: string
  readonly publication: string
  readonly tables: readonly WatchedTable[]
}

interface ServerFacts {
  readonly version: number
  readonly version_text: string
  readonly wal_level: string
  readonly in_recovery: boolean
  readonly max_slots: number
  readonly used_slots: number
  readonly max_senders: number
  readonly used_senders: number
  readonly keep_size: string
  readonly synchronous: string
  readonly role: string
  readonly superuser: boolean
  readonly replication: boolean
  readonly encoding: string
}

/** Managed services grant replication by membership instead of the attribute. */
const serverQuery = `
  SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text,
         current_setting('wal_level') AS wal_level, pg_is_in_recovery() AS in_recovery,
         current_setting('max_replication_slots')::int AS max_slots,
         (SELECT count(*)::int FROM pg_replication_slots) AS used_slots,
         current_setting('max_wal_senders')::int AS max_senders,
         (SELECT count(*)::int FROM pg_stat_replication) AS used_senders,
         current_setting('max_slot_wal_keep_size') AS keep_size,
         current_setting('synchronous_standby_names') AS synchronous,
         current_user::text AS role, r.rolsuper AS superuser,
         r.rolreplication OR EXISTS (
           SELECT FROM pg_roles m WHERE m.rolname IN ('rds_replication', 'azure_pg_admin', 'cloudsqlsuperuser', 'alloydbsuperuser')
              AND pg_has_role(current_user, m.oid, 'MEMBER')) AS replication,
         (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()) AS encoding
    FROM pg_roles r WHERE r.rolname = current_user`

/** @throws what `sql` throws: a connection that fails is the caller's to judge. */
export async function preflight(options: PreflightOptions): Promise<readonly Finding[]> {
  const { sql, publication, tables } = options
  const { rows } = await sql.query<ServerFacts>(serverQuery)
  const [facts] = rows
  if (facts === undefined) return [fail('role', 'the role cannot read its own row of pg_roles', 'use another role')]
  const slot = await readSlot(sql, options.slot)
  const findings = [...serverFindings(facts), ...slotFindings(facts, options.slot, slot)]
  for (const table of tables) findings.push(...(await inspectTable(sql, table, facts.role)))
  if (!findings.some((finding) => finding.level === 'fail' && finding.title.startsWith('table '))) {
    findings.push(...(await inspectPublication(sql, publication, tables)).findings)
  }
  return findings
}

function serverFindings(facts: ServerFacts): Finding[] {
  const role = readableIdentifier(facts.role)
  return [
    facts.version < 140_000
      ? fail('server version', `PostgreSQL ${facts.version_text}`, 'PostgreSQL 14 to 18 is needed')
      : ok('server version', `PostgreSQL ${facts.version_text}`),
    facts.wal_level === 'logical'
      ? ok('wal_level', 'logical')
      : fail(
          'wal_level',
          `wal_level = ${facts.wal_level}`,
          'ALTER SYSTEM SET wal_level = logical;  -- then restart the server',
        ),
    ...(facts.in_recovery
      ? [fail('primary', 'this server is a standby (it is in recovery)', 'point database.url at the primary')]
      : [ok('primary', 'yes')]),
    facts.replication || facts.superuser
      ? ok('role', `${role} may replicate`)
      : fail('role', `role ${role} may not replicate`, `ALTER ROLE ${role} REPLICATION;`),
    ...(facts.synchronous === ''
      ? []
      : [
          warn(
            'synchronous_standby_names',
            facts.synchronous,
            "name the real standbys: with '*' every COMMIT of the application waits for notifyd",
          ),
        ]),
    facts.encoding === 'SQL_ASCII'
      ? warn('encoding', 'SQL_ASCII: text that is not UTF-8 cannot be read exactly', 'use a UTF8 database')
      : ok('encoding', facts.encoding),
  ]
}

function slotFindings(facts: ServerFacts, name: string, slot: SlotFacts | null): Finding[] {
  const findings: Finding[] = []
  if (slot !== null) {
    const retained =
      slot.retainedBytes === null ? '' : `, ${Math.round(slot.retainedBytes / 1_048_576)} MB of WAL retained`
    const found = `found, wal_status ${slot.walStatus ?? 'none'}${retained}${slot.active ? ', in use' : ''}`
    findings.push(ok(`slot ${name}`, found))
  } else if (facts.used_slots >= facts.max_slots) {
    const found = `all ${facts.max_slots} replication slots are in use`
    const remedy =
      'raise max_replication_slots (restart needed), or look for an unused one: SELECT slot_name, active FROM pg_replication_slots;'
    findings.push(fail(`slot ${name}`, found, remedy))
  } else {
    findings.push(
      ok(
        `slot ${name}`,
        `not there yet: the first start makes it (${facts.used_slots} of ${facts.max_slots} slots in use)`,
      ),
    )
  }
  const senders = `${facts.used_senders} of ${facts.max_senders} in use`
  findings.push(
    slot?.active !== true && facts.used_senders >= facts.max_senders
      ? fail('max_wal_senders', `all ${facts.max_senders} are in use`, 'raise max_wal_senders (restart needed)')
      : ok('max_wal_senders', senders),
  )
  if (facts.keep_size === '-1') {
    const found = 'unset: while the daemon is stopped, the server keeps WAL without limit'
    findings.push(
      warn(
        'max_slot_wal_keep_size',
        found,
        "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();",
      ),
    )
  }
  return findings
}
