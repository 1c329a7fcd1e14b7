// What an attempt changed, written together with the attempt. A failed attempt gets a row of its own; the one that delivered
// is part of the delivery's row, because nearly all attempts are such.
import type { Settlement } from './delivery.js'
import { disclose } from './disclosures.js'
import type { Sqlite } from './sqlite.js'
import { pauseUntil } from './waits.js'

const markDelivered = `
  UPDATE delivery SET state = 'delivered', attempts = ?, settled_at = ?, status = ?, duration_ms = ? WHERE id = ?`
const markFailed = 'UPDATE delivery SET attempts = ? WHERE id = ?'
const markDead = `UPDATE delivery SET state = 'dead', attempts = ?, settled_at = ?, status = ? WHERE id = ?`
const insertAttempt = `
  INSERT INTO attempt (delivery_id, number, started_at, duration_ms, status, error) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`
const wait = `
  INSERT INTO lane_wait (endpoint, lane, delivery_id, retry_at, steps, tried_at) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (endpoint, lane) DO UPDATE SET delivery_id = excluded.delivery_id, retry_at = excluded.retry_at,
    steps = excluded.steps, tried_at = excluded.tried_at`
/** Its own only: a replay can settle a dead letter of a lane in which another delivery waits. */
const endWait = 'DELETE FROM lane_wait WHERE endpoint = ? AND lane = ? AND delivery_id = ?'
/** Of a damaged delivery, whose endpoint and lane may not be its own any more. */
const endWaitFor = 'DELETE FROM lane_wait WHERE delivery_id = ?'

/** Within a transaction. */
export function settle(sqlite: Sqlite, settlement: Settlement): void {
  settleDelivery(sqlite, settlement)
  const { tag, delivery, attempt } = settlement
  const number = tag === 'delivered' ? settlement.replayAttempt : undefined
  if (tag !== 'delivered' && settlement.pauseUntil !== null) {
    pauseUntil(sqlite, delivery.endpoint, settlement.pauseUntil)
  }
  disclose(sqlite, delivery, number === undefined ? attempt : { ...attempt, number }, tag, number !== undefined)
}

function settleDelivery(sqlite: Sqlite, settlement: Settlement): void {
  const { delivery, attempt } = settlement
  const { id, endpoint, lane } = delivery
  const { number, startedAt, durationMs, status, error } = attempt
  const settledAt = Math.round(startedAt + durationMs)
  if (settlement.tag !== 'delivered') {
    sqlite.run(insertAttempt, [id, number, Math.round(startedAt), durationMs, status, error])
  }
  switch (settlement.tag) {
    case 'delivered':
      sqlite.run(markDelivered, [number, settledAt, status, durationMs, id])
      sqlite.run(endWait, [endpoint, lane, id])
      return
    case 'retry':
      sqlite.run(markFailed, [number, id])
      sqlite.run(wait, [endpoint, lane, id, Math.round(settlement.retryAt), settlement.steps, settlement.triedAt])
      return
    case 'dead':
      sqlite.run(markDead, [number, settledAt, status, id])
      if (delivery.isDamaged) sqlite.run(endWaitFor, [id])
      else sqlite.run(endWait, [endpoint, lane, id])
      return
    default:
      settlement satisfies never
  }
}
