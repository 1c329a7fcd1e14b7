// The replication slot: read, made once, and judged at every start against what the journal knows. Owns law 3: a slot is
// never re-created or adopted silently.
// https://www.postgresql.org/docs/current/view-pg-replication-slots.html
import { GapError, type GapKind, NotReadyError } from '../base/errors.js'
import type { Sql } from './finding.js'
import { gapRange } from './gap-range.js'
import { type Switch, segmentOf } from './history.js'
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
 * @param failover from PostgreSQL 17 on: standbys that synchronize slots get it too
 * @throws SQLSTATE 53400 when all slots are used, 42710 when it exists.
 */
export async function createSlot(sql: Sql, slot: string, failover = false): Promise<Lsn> {
  const { rows: servers } = await sql.query<{ knows: boolean }>(
    "SELECT current_setting('server_version_num')::int >= 170000 AS knows",
  )
  const more = failover && servers[0]?.knows === true ? ', failover => true' : ''
  const { rows } = await sql.query<{ lsn: string }>(
    `SELECT lsn::text FROM pg_create_logical_replication_slot($1, 'pgoutput'${more})`,
    [slot],
  )
  const [row] = rows
  if (row === undefined) throw new NotReadyError(`slot ${slot} was not made`, 'run notifyd check')
  return parseLsn(row.lsn)
}

/** Removes a slot that can give nothing any more. @throws SQLSTATE 55006 while it is in use. */
export async function dropSlot(sql: Sql, slot: string): Promise<void> {
  await sql.query('SELECT pg_drop_replication_slot($1)', [slot])
}

/** What the journal knows when the daemon starts. */
export interface KnownPosition {
  readonly systemIdentifier: string
  /** The one that wrote what ends at `durableLsn`, and the switchpoint that it began at; null: an older version's journal. */
  readonly timeline: number
  readonly timelineBegan: Lsn | null
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
  /** Where the server's earlier timelines were left, the oldest first. */
  readonly left: readonly Switch[]
}

export type Start =
  /** Note the intent, then make the slot. */
  | { readonly tag: 'create' }
  /** The slot that the noted intent made, before a crash: its confirmed position is its consistent point. */
  | { readonly tag: 'adopt'; readonly from: Lsn }
  /**
   * From what the slot has confirmed, which lies below `until`, the journal's end, where the slot was not told or the server
   * crashed: what comes up to there is in the journal, and held against it. `promoted`: on another timeline than before, which
   * began behind all that the journal has.
   */
  | { readonly tag: 'resume'; readonly from: Lsn; readonly until: Lsn; readonly promoted: boolean }

/**
 * How to begin. Pure.
 * @throws GapError where the journal is not followed by what the slot holds; NotReadyError for a slot of another kind.
 */
export function judgeStart(facts: StartFacts): Start {
  const { slot, known, found, server } = facts
  if (found !== null && !isOurs(found, facts.database)) {
    const what = `slot "${slot}" is ${found.slotType}, plugin ${found.plugin || 'none'}, database ${found.database ?? 'none'}`
    throw new NotReadyError(
      what,
      `choose another name in database.slot: the daemon needs a logical pgoutput slot of ${facts.database}`,
    )
  }
  if (known === null) {
    if (found === null) return { tag: 'create' }
    if (facts.intended && found.confirmedFlush !== null) return { tag: 'adopt', from: found.confirmedFlush }
    const reason = 'the slot exists and the journal is new: another journal has followed it, or this one was lost'
    throw gap(facts, 'journal is new', reason)
  }
  if (known.systemIdentifier !== server.systemIdentifier) {
    const reason = 'this is another database cluster than the one in the journal (system identifier differs)'
    throw gap(facts, 'another cluster', reason)
  }
  if (known.timeline > server.timeline || server.walEnd < known.durableLsn) {
    throw gap(facts, 'server is behind', 'the server is behind the journal: it was restored to an earlier time')
  }
  const promoted = known.timeline !== server.timeline
  const segment = segmentOf({ timeline: server.timeline, left: facts.left }, known.timeline)
  if (segment === null || (segment.ended !== null && segment.ended < known.durableLsn)) {
    const reason = `the server is on timeline ${server.timeline}, which left the journal's (${known.timeline}) before the journal's end: a fail-over that lost commits`
    throw gap(facts, 'another timeline', reason)
  }
  if (segment.began !== null && known.timelineBegan !== null && segment.began !== known.timelineBegan) {
    const reason = `timeline ${known.timeline} of the server began at ${formatLsn(segment.began)}, and the journal's at ${formatLsn(known.timelineBegan)}: one backup was promoted twice`
    throw gap(facts, 'another timeline', reason)
  }
  if (found === null) throw gap(facts, 'slot is missing', 'the slot is missing: somebody dropped it')
  if (!isUsable(found))
    throw gap(facts, 'slot is lost', 'the slot is lost: the server removed WAL that it still needed')
  if (found.confirmedFlush !== null && found.confirmedFlush > known.durableLsn) {
    const reason = 'the slot is ahead of the journal: another consumer has moved it, or it was made anew'
    throw gap(facts, 'slot is ahead', reason)
  }
  return { tag: 'resume', from: found.confirmedFlush ?? known.durableLsn, until: known.durableLsn, promoted }
}

const isOurs = (found: SlotFacts, database: string): boolean =>
  found.slotType === 'logical' && found.plugin === 'pgoutput' && found.database === database

/** Whether the slot can still give what it has confirmed. */
export const isUsable = (found: SlotFacts): boolean => found.walStatus !== 'lost' && found.restartLsn !== null

export const goOn =
  'find out what happened; a running daemon records the gap and waits: then `notifyd gaps accept` goes on behind it, and the record of it is kept'

function gap(facts: StartFacts, kind: GapKind, reason: string): GapError {
  const { slot, known, found, server } = facts
  // A slot that still gives something ends the gap where it begins; without one, all is missing that was written until now.
  const end = found !== null && isUsable(found) ? found.confirmedFlush : null
  const range = gapRange(kind, known?.durableLsn ?? null, end ?? server.walEnd)
  return new GapError({ kind, slot, reason, ...range, lastCommitAt: known?.lastCommitAt ?? null }, goOn)
}
