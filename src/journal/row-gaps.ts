// Gaps of one row: an appointment, or a note state of one, was updated without its old row, and no image of it was known. Recorded
// with the change that it is about, kept until an operator accepts it. Owns that one of them stops nothing else.
import { isoMicros } from '../base/time.js'
import { formatLsn, toLsn } from '../capture/lsn.js'
import type { ResolvedChange } from '../change/captured-change.js'
import { gapOfRow } from '../change/last-image.js'
import { oweNotices } from './gap-notices.js'
import type { ChosenGaps } from './gaps.js'
import type { Sqlite } from './sqlite.js'

export interface RowGap {
  readonly id: number
  /** Of the commit, printed. */
  readonly lsn: string
  /** ISO 8601. */
  readonly committedAt: string
  readonly appointmentId: string
  readonly appointmentExternalId: string | null
  /** Of the row that was updated; null: its change was forgotten. */
  readonly model: string | null
  /** Unix ms. */
  readonly foundAt: number
  readonly acceptedAt: number | null
}

interface Row {
  readonly id: number
  readonly commit_lsn: bigint
  readonly committed_at_us: number
  readonly appointment_id: string
  readonly appointment_external_id: string | null
  readonly model: string | null
  readonly found_at: number
  readonly accepted_at: number | null
}

const insert = `
  INSERT INTO row_gap (source_id, commit_lsn, ordinal, committed_at_us, appointment_id, appointment_external_id, found_at)
  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source_id, commit_lsn, ordinal) DO NOTHING`

/** Within the transaction that appends the change. Does nothing for one whose old row is known. */
export function recordRowGap(sqlite: Sqlite, sourceId: number, change: ResolvedChange): void {
  const gap = gapOfRow(change)
  if (gap === null) return
  const { commitLsn, ordinal, committedAt } = change
  sqlite.run(insert, [sourceId, commitLsn, ordinal, committedAt, gap.appointmentId, gap.appointment, Date.now()])
}

const list = `
  SELECT g.*, (SELECT c.model FROM change c
                WHERE c.source_id = g.source_id AND c.commit_lsn = g.commit_lsn AND c.ordinal = g.ordinal) AS model
    FROM row_gap g ORDER BY g.accepted_at IS NOT NULL, g.accepted_at DESC, g.id LIMIT ?`

/** Those that wait first, then the newest that were accepted; at most `limit`. */
export const listRowGaps = (sqlite: Sqlite, limit: number): readonly RowGap[] =>
  sqlite.all<Row>(list, [limit]).map((row) => ({
    id: row.id,
    lsn: formatLsn(toLsn(row.commit_lsn)),
    committedAt: isoMicros(row.committed_at_us),
    appointmentId: row.appointment_id,
    appointmentExternalId: row.appointment_external_id,
    model: row.model,
    foundAt: row.found_at,
    acceptedAt: row.accepted_at,
  }))

/** How many wait. */
export const countRowGaps = (sqlite: Sqlite): number =>
  Number(sqlite.get('SELECT count(*) AS n FROM row_gap WHERE accepted_at IS NULL')?.['n'] ?? 0)

/** A notice names no more appointments than this. */
const named = 1_000

/** Within a transaction: of the chosen ones those that wait; each of `endpoints` is owed one notice of them together. Gives how many. */
export function acceptRowGaps(
  sqlite: Sqlite,
  { rows = [], rowsUpTo = 0 }: ChosenGaps,
  endpoints: readonly string[],
): number {
  const are = 'accepted_at IS NULL AND (id <= ?1 OR id IN (SELECT value FROM json_each(?2)))'
  const these = [rowsUpTo, JSON.stringify(rows)]
  const range = sqlite.get(
    `SELECT count(*) AS n, min(id) AS first, max(id) AS last, min(commit_lsn) AS from_lsn, max(commit_lsn) AS to_lsn,
           min(committed_at_us) AS from_us, max(committed_at_us) AS to_us FROM row_gap WHERE ${are}`,
    these,
  )
  const count = Number(range?.['n'] ?? 0)
  if (range === null || count === 0) return 0
  const appointments = sqlite.all(
    `SELECT DISTINCT appointment_external_id AS it FROM row_gap
      WHERE ${are} AND appointment_external_id IS NOT NULL ORDER BY it LIMIT ${named}`,
    these,
  )
  const lsn = (name: string) => formatLsn(toLsn(BigInt(String(range[name]))))
  const body = {
    gap: true,
    from_lsn: lsn('from_lsn'),
    to_lsn: lsn('to_lsn'),
    from_time: isoMicros(Number(range['from_us'])),
    to_time: isoMicros(Number(range['to_us'])),
    rows: count,
    appointment_external_ids: appointments.map(({ it }) => String(it)),
  }
  const first = Number(range['first'])
  const notice = { identity: ['row gap', first, Number(range['last']), range['from_us']].map(String), body }
  oweNotices(sqlite, { ...notice, lane: `row gap ${first}` }, endpoints)
  return sqlite.run(`UPDATE row_gap SET accepted_at = ?3 WHERE ${are}`, [...these, Date.now()]).changes
}
