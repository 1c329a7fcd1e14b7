// What holds a slot up though nothing is wrong with it: transactions that its making waits for, a standby that decoding waits for,
// and whether a promoted standby would have it. For check, status and the watch; reads only.
import { type Finding, fail, ok, readableIdentifier, type Sql, warn } from './finding.js'
import type { SlotFacts } from './slot.js'

/** A transaction with an id, which a new slot waits for, in whichever database. Null: the role may not see it. */
interface Holder {
  readonly pid: number | null
  readonly prepared: string | null
  readonly database: string | null
  readonly seconds: number | null
}

/** Of others' transactions a role without pg_read_all_stats sees no start; prepared ones are shown to all. The oldest first. */
const holdersQuery = `
  SELECT l.pid, NULL AS prepared, a.datname::text AS database, extract(epoch FROM now() - a.xact_start)::int AS seconds
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND l.pid IS NOT NULL AND l.pid <> pg_backend_pid()
  UNION ALL
  SELECT NULL, gid, database::text, extract(epoch FROM now() - prepared)::int FROM pg_prepared_xacts
   ORDER BY seconds DESC NULLS LAST LIMIT 5`

export async function slotHolders(sql: Sql): Promise<readonly Holder[]> {
  const { rows } = await sql.query<Holder>(holdersQuery)
  return rows
}

/** `prepared transaction "x" of clinic, 4000 s old` */
export function holderText({ pid, prepared, database, seconds }: Holder): string {
  const who = prepared === null ? `pid ${pid}` : `prepared transaction ${JSON.stringify(prepared)}`
  const age = seconds === null ? 'of an age that only pg_read_all_stats shows' : `${seconds} s old`
  return `${who} of database ${database ?? 'unknown'}, ${age}`
}

/** A transaction of the application's ends by itself sooner. */
const longSeconds = 60

/** What the making of the slot waits for now; empty: nothing. */
export async function inspectHolders(sql: Sql): Promise<readonly Finding[]> {
  const holders = await slotHolders(sql)
  if (holders.length === 0) return []
  const title = 'making the slot'
  const found = `making the slot waits for ${holders.map(holderText).join('; ')}`
  const orphans = holders.filter(({ prepared, seconds }) => prepared !== null && (seconds ?? 0) >= longSeconds)
  if (orphans.length === 0) return [warn(title, found, 'let them end, or end them: SELECT pg_terminate_backend(pid);')]
  const statements = orphans.map(({ prepared }) => `ROLLBACK PREPARED '${(prepared ?? '').replaceAll("'", "''")}';`)
  return [fail(title, found, `in its database, COMMIT PREPARED, or: ${statements.join(' ')}`)]
}

const failoverQuery = `
  SELECT current_setting('server_version_num')::int >= 170000 AS knows, to_jsonb(s) ->> 'failover' AS failover,
         (SELECT coalesce(json_agg(name ORDER BY name), '[]')
            FROM unnest(string_to_array(replace(coalesce(current_setting('synchronized_standby_slots', true), ''), ' ', ''), ',')) name
           WHERE name <> '' AND NOT EXISTS (SELECT FROM pg_replication_slots o WHERE o.slot_name = name AND o.active)) AS idle
    FROM (SELECT) one LEFT JOIN pg_replication_slots s ON s.slot_name = $1`

/** One that is being made shows already, without a position. */
export const isYetToBeMade = (slot: SlotFacts | null): boolean => slot === null || slot.confirmedFlush === null

/** Whether a standby has the slot, and whether the stream waits for one. @param wanted database.failover */
export async function inspectFailover(sql: Sql, slot: string, wanted: boolean): Promise<readonly Finding[]> {
  const { rows } = await sql.query<{ knows: boolean; failover: string | null; idle: readonly string[] }>(
    failoverQuery,
    [slot],
  )
  const [facts] = rows
  if (facts === undefined || !facts.knows) return []
  const isFailover = facts.failover === null ? wanted : facts.failover === 'true'
  const findings: Finding[] = []
  if (facts.failover === 'true') findings.push(ok('failover', 'a standby that synchronizes slots has it'))
  if (facts.failover === 'false' && wanted) {
    const found = `slot ${slot} is no failover slot: a standby that is promoted does not have it, which is a gap`
    const command = `ALTER_REPLICATION_SLOT ${slot} ( FAILOVER true );`
    const remedy = `stop notifyd, then on a replication connection (psql "dbname=… replication=database"): ${command}`
    findings.push(warn('failover', found, remedy))
  }
  if (isFailover && facts.idle.length > 0) {
    const names = facts.idle.map(readableIdentifier).join(', ')
    const found = `synchronized_standby_slots names ${names}, from which nobody streams: our stream stands still until somebody does`
    const remedy = `start that standby, or take it out: ALTER SYSTEM SET synchronized_standby_slots = '…'; SELECT pg_reload_conf();`
    findings.push(fail('synchronized_standby_slots', found, remedy))
  }
  return findings
}
