// Gaps: found by the daemon, accepted by an operator, resumed by the daemon. The record stays (law 3).
import { createHash } from 'node:crypto'
import type { GapFacts, GapKind } from '../base/errors.js'
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
})

/** The oldest first. */
export const listGaps = (sqlite: Sqlite): readonly Gap[] => sqlite.all<Row>('SELECT * FROM gap ORDER BY id').map(toGap)

/** Accepted, and the daemon has not gone on yet; null: none is. */
export const acceptedGap = (sqlite: Sqlite): Gap | null =>
  listGaps(sqlite).find((gap) => gap.acceptedAt !== null && gap.resumedAt === null) ?? null

/** Within a transaction. The same gap found again at the next start is the same record. */
export function recordGap(sqlite: Sqlite, facts: GapFacts): void {
  const { kind, slot, reason, from, to, bytes, lastCommitAt } = facts
  sqlite.run('DELETE FROM gap WHERE resumed_at IS NULL AND kind = ? AND from_lsn_text = ?', [kind, from])
  sqlite.run(
    `INSERT INTO gap (kind, slot, reason, from_lsn_text, to_lsn_text, bytes, last_commit_at, found_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [kind, slot, reason, from, to, bytes, lastCommitAt, Date.now()],
  )
}

/** Within a transaction: what was found turned out to be none (a slot that came back, say). */
export function withdrawGaps(sqlite: Sqlite): void {
  sqlite.run('DELETE FROM gap WHERE resumed_at IS NULL')
}

/** Within a transaction: every gap that waits for it. Gives how many. */
export const acceptGaps = (sqlite: Sqlite): number =>
  sqlite.run('UPDATE gap SET accepted_at = ? WHERE accepted_at IS NULL', [Date.now()]).changes

/** Within a transaction: the daemon goes on at `to`; each of `endpoints` is owed a notice, outside all lanes. */
export function resumeBehind(sqlite: Sqlite, gap: Gap, to: string, endpoints: readonly string[]): void {
  const now = Date.now()
  sqlite.run('UPDATE gap SET resumed_at = ?, to_lsn_text = ? WHERE id = ?', [now, to, gap.id])
  const to_time = new Date(now).toISOString()
  const body = JSON.stringify({ gap: true, from_lsn: gap.from, to_lsn: to, from_time: gap.lastCommitAt, to_time })
  for (const endpoint of endpoints) {
    const identity = JSON.stringify(['gap', gap.slot, gap.from, gap.foundAt, endpoint])
    const webhookId = `msg_${createHash('sha256').update(identity).digest('base64url').slice(0, 24)}`
    sqlite.run(
      `INSERT INTO delivery (webhook_id, endpoint, lane, notification, protocol, headers, body)
       VALUES (?, ?, ?, 'gap', 'notifyd', '{}', ?)`,
      [webhookId, endpoint, `gap ${gap.id}`, body],
    )
  }
}
