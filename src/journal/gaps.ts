// Gaps: found by the daemon, accepted by an operator, gone on behind by the daemon. Owns that nothing but an operator's word
// ends one: what undoes its cause does not bring back what was lost (law 3). The record stays.
import type { GapFacts, GapKind } from '../base/errors.js'
import { gapRange } from '../capture/gap-range.js'
import { formatLsn, type Lsn, parseLsn } from '../capture/lsn.js'
import { noteTable } from './followed-table.js'
import { oweNotices } from './gap-notices.js'
import type { Sqlite } from './sqlite.js'

export interface Gap extends GapFacts {
  readonly id: number
  /** Unix ms. */
  readonly foundAt: number
  readonly acceptedAt: number | null
  readonly resumedAt: number | null
}

interface Row {
  readonly id: number
  readonly kind: GapKind
  readonly slot: string
  readonly reason: string
  readonly from_lsn_text: string
  readonly to_lsn_text: string
  readonly bytes: number | null
  readonly last_commit_at: string | null
  readonly found_at: number
  readonly accepted_at: number | null
  readonly resumed_at: number | null
  readonly table_oid: number | null
  readonly table_model: string | null
}

const toGap = (row: Row): Gap => ({
  id: row.id,
  kind: row.kind,
  slot: row.slot,
  reason: row.reason,
  from: row.from_lsn_text,
  to: row.to_lsn_text,
  bytes: row.bytes,
  lastCommitAt: row.last_commit_at,
  foundAt: row.found_at,
  acceptedAt: row.accepted_at,
  resumedAt: row.resumed_at,
  ...(row.table_oid !== null && { table: { oid: row.table_oid, model: row.table_model ?? '' } }),
})

/** Whether the stream stands still until it is accepted. */
const halts = {
  'journal is new': true,
  'another cluster': true,
  'server is behind': true,
  'another timeline': true,
  'another history': true,
  'slot is missing': true,
  'slot is lost': true,
  'slot is ahead': true,
  'publication changed': true,
} as const satisfies Readonly<Record<GapKind, boolean>>

/** The oldest first. */
export const listGaps = (sqlite: Sqlite): readonly Gap[] => sqlite.all<Row>('SELECT * FROM gap ORDER BY id').map(toGap)

/** The oldest that halts the stream and waits for an operator; null: none does. */
export const openGap = (sqlite: Sqlite): Gap | null =>
  listGaps(sqlite).find(({ kind, acceptedAt }) => halts[kind] && acceptedAt === null) ?? null

/** Accepted, and the daemon has not gone on yet. */
export const acceptedGaps = (sqlite: Sqlite): readonly Gap[] =>
  listGaps(sqlite).filter(({ acceptedAt, resumedAt }) => acceptedAt !== null && resumedAt === null)

/** Within a transaction. Found again before it is accepted it is the same record, which keeps its beginning. */
export function recordGap(sqlite: Sqlite, facts: GapFacts): void {
  const { kind, slot, reason, from, to, bytes, lastCommitAt, table } = facts
  const named = [table?.oid ?? null, table?.model ?? null]
  const known = listGaps(sqlite).find((gap) => gap.acceptedAt === null && gap.kind === kind && gap.slot === slot)
  if (known !== undefined) {
    const size = known.from === from ? bytes : gapRange(kind, lsnOf(known.from), lsnOf(to)).bytes
    sqlite.run(
      `UPDATE gap SET reason = ?, to_lsn_text = ?, bytes = ?, table_oid = coalesce(?, table_oid),
              table_model = coalesce(?, table_model) WHERE id = ?`,
      [reason, to, size, ...named, known.id],
    )
    return
  }
  sqlite.run(
    `INSERT INTO gap (kind, slot, reason, from_lsn_text, to_lsn_text, bytes, last_commit_at, found_at, table_oid, table_model)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [kind, slot, reason, from, to, bytes, lastCommitAt, Date.now(), ...named],
  )
}

const lsnOf = (text: string): Lsn | null => (text.includes('/') ? parseLsn(text) : null)

/** What an operator accepts, by ids; one that does not wait is left as it is. */
export interface ChosenGaps {
  /** Absent, with no rows chosen: every gap that halts and waits. */
  readonly gaps?: readonly number[]
  readonly rows?: readonly number[]
  /** Every gap of one row that waits, up to this id: those that were there when it was asked. */
  readonly rowsUpTo?: number
}

/** Within a transaction. Gives how many. */
export function acceptGaps(sqlite: Sqlite, { gaps, rows, rowsUpTo }: ChosenGaps): number {
  const all = gaps === undefined && rows === undefined && rowsUpTo === undefined
  return listGaps(sqlite)
    .filter(({ id, acceptedAt }) => acceptedAt === null && (all || gaps?.includes(id)))
    .map(({ id }) => sqlite.run('UPDATE gap SET accepted_at = ? WHERE id = ?', [Date.now(), id]).changes)
    .reduce((sum, changes) => sum + changes, 0)
}

/**
 * Within a transaction: the daemon goes on, and each of `endpoints` is owed a notice, outside all lanes.
 * @param end where the gap ends; null: where it was found to end
 * @param at where streaming goes on
 */
export function endGap(sqlite: Sqlite, gap: Gap, end: Lsn | null, at: Lsn, endpoints: readonly string[]): void {
  const now = Date.now()
  const range = gapRange(gap.kind, lsnOf(gap.from), end)
  const { to, bytes } = range.to === 'unknown' ? gap : range
  sqlite.run('UPDATE gap SET resumed_at = ?, to_lsn_text = ?, bytes = ? WHERE id = ?', [now, to, bytes, gap.id])
  if (gap.table !== undefined) noteTable(sqlite, gap.table.oid, gap.table.model)
  const to_time = new Date(now).toISOString()
  const to_lsn = lsnOf(to) === null ? formatLsn(at) : to
  const body = { gap: true, from_lsn: gap.from, to_lsn, from_time: gap.lastCommitAt, to_time }
  const identity = ['gap', gap.slot, gap.from, gap.foundAt]
  oweNotices(sqlite, { identity, lane: `gap ${gap.id}`, body }, endpoints)
}
