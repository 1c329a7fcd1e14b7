// Everything the daemon needs of the server before it streams, looked at in one go: server settings, role, tables,
// publication, slots. Findings out; it changes nothing. `notifyd check` prints them all, `run` stops at the first failure.
import { isKnownEncoding } from './charset.js'
import { inspectConnectionLimit } from './connection-limit.js'
import type { Finding, Sql, WatchedTable } from './finding.js'
import { fail, ok, readableIdentifier, warn } from './finding.js'
import { inspectPublication } from './publication.js'
import { inspectRowKeys } from './row-keys.js'
import { allowReplication, changeSetting, mayReplicateCondition, type Service, serviceExpression } from './service.js'
import { readSlot, type SlotFacts } from './slot.js'
import { inspectTable, isOfShape } from './tables.js'

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
  /** From PostgreSQL 18 on; `0`: never. */
  readonly idle_timeout: string | null
  readonly synchronous: string
  readonly role: string
  readonly superuser: boolean
  /** The attribute; and whether the role may replicate, by whatever right. */
  readonly attribute: boolean
  readonly may_replicate: boolean
  readonly service: Service | null
  readonly encoding: string
}

const serverQuery = `
  SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text,
         current_setting('wal_level') AS wal_level, pg_is_in_recovery() AS in_recovery,
         current_setting('max_replication_slots')::int AS max_slots,
         (SELECT count(*)::int FROM pg_replication_slots) AS used_slots,
         current_setting('max_wal_senders')::int AS max_senders,
         (SELECT count(*)::int FROM pg_stat_replication) AS used_senders,
         current_setting('max_slot_wal_keep_size') AS keep_size,
         current_setting('idle_replication_slot_timeout', true) AS idle_timeout,
         current_setting('synchronous_standby_names') AS synchronous,
         current_user::text AS role, r.rolsuper AS superuser,
         r.rolreplication AS attribute, ${mayReplicateCondition} AS may_replicate, ${serviceExpression} AS service,
         (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()) AS encoding
    FROM pg_roles r WHERE r.rolname = current_user`

/** @throws what `sql` throws: a connection that fails is the caller's to judge. */
export async function preflight(options: PreflightOptions): Promise<readonly Finding[]> {
  const { sql, publication, tables } = options
  const { rows } = await sql.query<ServerFacts>(serverQuery)
  const [facts] = rows
  if (facts === undefined) return [fail('role', 'the role cannot read its own row of pg_roles', 'use another role')]
  const slot = await readSlot(sql, options.slot)
  const limits = await inspectConnectionLimit(sql)
  const findings = [...serverFindings(facts), ...limits, ...slotFindings(facts, options.slot, slot)]
  for (const table of tables) findings.push(...(await inspectTable(sql, table, facts.role)))
  findings.push(...(await inspectRowKeys(sql, tables)))
  if (!findings.some((finding) => finding.level === 'fail' && isOfShape(finding))) {
    findings.push(...(await inspectPublication(sql, publication, tables)).findings)
  }
  return findings
}

function serverFindings(facts: ServerFacts): Finding[] {
  const { service } = facts
  return [
    facts.version < 140_000
      ? fail('server version', `PostgreSQL ${facts.version_text}`, 'PostgreSQL 14 to 18 is needed')
      : ok('server version', `PostgreSQL ${facts.version_text}`),
    facts.wal_level === 'logical'
      ? ok('wal_level', 'logical')
      : fail('wal_level', `wal_level = ${facts.wal_level}`, changeSetting('wal_level', 'logical', service, true)),
    ...(facts.in_recovery
      ? [fail('primary', 'this server is a standby (it is in recovery)', 'point database.url at the primary')]
      : [ok('primary', 'yes')]),
    roleFinding(facts),
    !/\*|\bnotifyd\b/.test(facts.synchronous)
      ? ok('synchronous_standby_names', facts.synchronous || 'empty')
      : warn(
          'synchronous_standby_names',
          facts.synchronous,
          "name the real standbys: with '*' every COMMIT of the application waits for notifyd",
        ),
    isKnownEncoding(facts.encoding)
      ? ok('encoding', facts.encoding)
      : warn('encoding', `${facts.encoding}: text that is not UTF-8 is read as Latin-1`, 'use a UTF8 database'),
  ]
}

function roleFinding({ role, superuser, attribute, may_replicate, service }: ServerFacts): Finding {
  const shown = readableIdentifier(role)
  if (!may_replicate) return fail('role', `role ${shown} may not replicate`, allowReplication(role, service))
  if (superuser) {
    const found = `${shown} is a superuser: it may do far more than notifyd needs`
    return warn('role', found, 'notifyd setup --print-sql prints the minimal role')
  }
  return ok('role', `${shown} may replicate${attribute ? '' : ', as a member of rds_replication'}`)
}

/** Whether the journal can go on with the slot is judged apart, since at `run` that is a gap and not a state of the server. */
function slotFindings(facts: ServerFacts, name: string, slot: SlotFacts | null): Finding[] {
  const { used_slots: used, max_slots: max, used_senders: sending, max_senders: maxSending, service } = facts
  const look = 'look for an unused one: SELECT slot_name, active FROM pg_replication_slots;'
  return [
    slot === null && used >= max
      ? fail(
          'max_replication_slots',
          `all ${max} replication slots are in use`,
          `raise max_replication_slots (restart needed), or ${look}`,
        )
      : ok('max_replication_slots', `${max - used} of ${max} free`),
    slot?.active !== true && sending >= maxSending
      ? fail('max_wal_senders', `all ${maxSending} are in use`, 'raise max_wal_senders (restart needed)')
      : ok('max_wal_senders', `${Math.max(maxSending - sending, 0)} of ${maxSending} free`),
    facts.keep_size === '-1'
      ? warn(
          'max_slot_wal_keep_size',
          'unset: while the daemon is stopped, the server keeps WAL without limit',
          changeSetting('max_slot_wal_keep_size', '50GB', service, false),
        )
      : ok('max_slot_wal_keep_size', `${facts.keep_size}: with more WAL than that behind it, the slot is lost`),
    ...(facts.idle_timeout === null || facts.idle_timeout === '0'
      ? []
      : [
          warn(
            'idle_replication_slot_timeout',
            `${facts.idle_timeout}: a daemon that is stopped for longer loses its slot`,
            changeSetting('idle_replication_slot_timeout', '0', service, false),
          ),
        ]),
    slotFinding(name, slot),
  ]
}

function slotFinding(name: string, slot: SlotFacts | null): Finding {
  const title = `slot ${name}`
  if (slot === null) return ok(title, 'not there yet: the first start makes it')
  const retained =
    slot.retainedBytes === null ? '' : `, ${Math.round(slot.retainedBytes / 1_048_576)} MB of WAL retained`
  const status = slot.walStatus ?? 'none'
  const seen = `found, wal_status ${status}${retained}${slot.active ? ', in use' : ''}`
  // Where it is lost, the start is judged to be a gap.
  if (status === 'reserved' || status === 'lost') return ok(title, seen)
  if (status === 'extended') {
    return warn(title, `${seen}: more than max_wal_size waits`, 'start the daemon, or look why it does not catch up')
  }
  const remedy = 'start the daemon at once, or raise max_slot_wal_keep_size'
  return warn(title, `${seen}: the next checkpoint removes WAL that the daemon needs`, remedy)
}
