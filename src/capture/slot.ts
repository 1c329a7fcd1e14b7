// The replication slot: read, made once, and judged at every start against what the journal knows. Owns law 3: a slot is
// never re-created or adopted silently.
// https://www.postgresql.org/docs/current/view-pg-replication-slots.html
import { GapError, NotReadyError } from '../base/errors.js'
import type { Sql } from './finding.js'
import { formatLsn, type Lsn, parseLsn } from './lsn.js'

export interface SlotFacts {
  readonly plugin: string
  readonly slotType: string
  readonly database: string | null
  readonly active: boolean
  readonly walStatus: string | null
  readonly confirmedFlush: Lsn | null
  readonly restartLsn: Lsn | null
  readonly retainedBytes: number | null
}

/** The slot's row, or null where there is none. */
export async function readSlot(sql: Sql, slot: string): Promise<SlotFacts | null> {
  const { rows } = await sql.query<Record<string, string | boolean | null>>(
    `SELECT plugin, slot_type, database, active, wal_status, confirmed_flush_lsn::text, restart_lsn::text,
            CASE WHEN pg_is_in_recovery() THEN NULL
                 ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text END AS retained
       FROM pg_replication_slots WHERE slot_name = $1`,
    [slot],
  )
  const [row] = rows
  if (row === undefined) return null
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null)
  const lsn = (name: string): Lsn | null => {
    const value = text(name)
    return value === null ? null : parseLsn(value)
  }
  const retained = text('retained')
  return {
    plugin: text('plugin') ?? '',
    slotType: text('slot_type') ?? '',
    database: text('database'),
    active: row['active'] === true,
    walStatus: text('wal_status'),
    confirmedFlush: lsn('confirmed_flush_lsn'),
    restartLsn: lsn('restart_lsn'),
    retainedBytes: retained === null ? null : Number(retained),
  }
}

/**
 * Makes the slot; gives its consistent point, from which every commit is streamed. Making one waits for every open
 * transaction of the server: `lock_timeout` of the connection bounds that wait (55P03, which is tried again).
 * @throws SQLSTATE 53400 when all slots are used, 42710 when it exists.
 */
export async function createSlot(sql: Sql, slot: string): Promise<Lsn> {
  const { rows } = await sql.query<{ lsn: string }>(
    "SELECT lsn::text FROM pg_create_logical_replication_slot($1, 'pgoutput')",
    [slot],
  )
  const [row] = rows
  if (row === undefined) throw new NotReadyError(`slot ${slot} was not made`, 'run notifyd check')
  return parseLsn(row.lsn)
}

/** What the journal knows when the daemon starts. */
export interface KnownPosition {
  readonly systemIdentifier: string
  readonly timeline: number
  readonly durableLsn: Lsn
  /** ISO 8601, or null where nothing was committed yet. */
  readonly lastCommitAt: string | null
}

export interface StartFacts {
  readonly slot: string
  /** Null: a fresh journal. */
  readonly known: KnownPosition | null
  /** The journal noted that this slot was about to be made, and nothing after that. */
  readonly intended: boolean
  readonly found: SlotFacts | null
  readonly database: string
  readonly server: { readonly systemIdentifier: string; readonly timeline: number; readonly walEnd: Lsn }
}

export type Start =
  /** Note the intent, then make the slot. */
  | { readonly tag: 'create' }
  /** The slot that the noted intent made, before a crash: its confirmed position is its consistent point. */
  | { readonly tag: 'adopt'; readonly from: Lsn }
  | { readonly tag: 'resume'; readonly from: Lsn }

/**
 * How to begin. Pure.
 * @throws GapError where the journal is not followed by what the slot holds; NotReadyError for a slot of another kind.
 */
export function judgeStart(facts: StartFacts): Start {
  const { slot, known, found, server } = facts
  if (
    found !== null &&
    (found.slotType !== 'logical' || found.plugin !== 'pgoutput' || found.database !== facts.database)
  ) {
    const what = `slot "${slot}" is ${found.slotType}, plugin ${found.plugin || 'none'}, database ${found.database ?? 'none'}`
    throw new NotReadyError(
      what,
      `choose another name in database.slot: the daemon needs a logical pgoutput slot of ${facts.database}`,
    )
  }
  if (known === null) {
    if (found === null) return { tag: 'create' }
    if (facts.intended && found.confirmedFlush !== null) return { tag: 'adopt', from: found.confirmedFlush }
    throw gap(facts, 'the slot exists and the journal is new: another journal has followed it, or this one was lost')
  }
  if (known.systemIdentifier !== server.systemIdentifier) {
    throw gap(facts, 'this is another database cluster than the one in the journal (system identifier differs)')
  }
  if (known.timeline > server.timeline || server.walEnd < known.durableLsn) {
    throw gap(facts, 'the server is behind the journal: it was restored to an earlier time')
  }
  if (known.timeline !== server.timeline) {
    throw gap(facts, `the server is on timeline ${server.timeline}, the journal on ${known.timeline}: a fail-over`)
  }
  if (found === null) throw gap(facts, 'the slot is missing: somebody dropped it')
  if (found.walStatus === 'lost' || found.restartLsn === null) {
    throw gap(facts, 'the slot is lost: the server removed WAL that it still needed')
  }
  if (found.confirmedFlush !== null && found.confirmedFlush > known.durableLsn) {
    throw gap(facts, 'the slot is ahead of the journal: another consumer has moved it, or it was made anew')
  }
  return { tag: 'resume', from: known.durableLsn }
}

function gap(facts: StartFacts, reason: string): GapError {
  const { slot, known, found, server } = facts
  return new GapError(
    {
      slot,
      reason,
      from: known === null ? 'unknown' : formatLsn(known.durableLsn),
      to: formatLsn(found?.confirmedFlush ?? server.walEnd),
      lastCommitAt: known?.lastCommitAt ?? null,
    },
    goOn(slot, known !== null),
  )
}

/** Until the journal can record an accepted gap, the honest way on is a new journal and a new slot. */
const goOn = (slot: string, hasJournal: boolean): string =>
  `find out what happened first. To begin anew from now on, knowing that these changes notify nobody: ` +
  `${hasJournal ? 'move the journal file away, ' : ''}drop the slot with SELECT pg_drop_replication_slot('${slot}'); and start again`
