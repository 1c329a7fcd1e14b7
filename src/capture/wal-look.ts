// A look at the server's end of WAL, and at what it keeps for our slot: what lag, readiness and the fear of a full disk are
// told from. Two catalog functions and one row; asked every few seconds.
// https://www.postgresql.org/docs/current/view-pg-replication-slots.html
import type { Sql } from './finding.js'
import { type Lsn, parseLsn } from './lsn.js'

export interface WalLook {
  /** Flushed on a primary, replayed on a standby: what a walsender could have sent. */
  readonly serverEnd: Lsn
  /** WAL that the server keeps because of the slot; null where it cannot say. */
  readonly retainedBytes: number | null
  /** How much more may be written before the slot is lost; null: max_slot_wal_keep_size sets no limit. */
  readonly safeBytes: number | null
}

/** Null: the server did not say. */
export async function lookAtWal(sql: Sql, slot: string): Promise<WalLook | null> {
  const { rows } = await sql.query<{ server_end: string | null; retained: string | null; safe: string | null }>(
    `SELECT server_end::text, pg_wal_lsn_diff(server_end, restart_lsn)::text AS retained, safe_wal_size::text AS safe
       FROM (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                         ELSE pg_current_wal_flush_lsn() END AS server_end) AS server
       LEFT JOIN pg_replication_slots ON slot_name = $1`,
    [slot],
  )
  const [row] = rows
  if (row === undefined || row.server_end === null) return null
  const number = (text: string | null) => (text === null ? null : Number(text))
  return { serverEnd: parseLsn(row.server_end), retainedBytes: number(row.retained), safeBytes: number(row.safe) }
}
