// The sender's reads: owed deliveries in the order in which they became owed. Synchronous, prepared, bounded by `limit`:
// these run for every window of every endpoint.
import { toLsn } from '../capture/lsn.js'
import type { Delivery } from './delivery.js'
import type { DeliveryRow } from './schema.js'
import type { Sqlite } from './sqlite.js'

export const deliveryColumns = `d.id, d.webhook_id, d.endpoint, d.url, d.lane, d.sequence, d.notification, d.headers, d.body, d.attempts,
  d.commit_lsn, d.committed_at_us, d.appointment_external_id`

const owedQuery = `
  SELECT ${deliveryColumns} FROM delivery d
   WHERE d.endpoint = ? AND d.state = 'owed' AND d.id > ?
     AND NOT EXISTS (SELECT 1 FROM lane_wait w WHERE w.endpoint = d.endpoint AND w.lane = d.lane)
   ORDER BY d.id LIMIT ?`

const laneQuery = `
  SELECT ${deliveryColumns} FROM delivery d
   WHERE d.endpoint = ? AND d.lane = ? AND d.state = 'owed' ORDER BY d.id LIMIT ?`

const dueQuery = `
  SELECT ${deliveryColumns} FROM lane_wait w JOIN delivery d ON d.id = w.delivery_id
   WHERE w.endpoint = ? AND w.retry_at <= ? AND d.state = 'owed' ORDER BY w.retry_at LIMIT ?`

/** One step of the index for each endpoint, however much it is owed. */
const endpointsQuery = `
  WITH RECURSIVE owed (endpoint) AS (
    SELECT min(endpoint) FROM delivery WHERE state = 'owed'
    UNION ALL
    SELECT (SELECT min(d.endpoint) FROM delivery d WHERE d.state = 'owed' AND d.endpoint > owed.endpoint)
      FROM owed WHERE owed.endpoint IS NOT NULL)
  SELECT endpoint FROM owed WHERE endpoint IS NOT NULL`

export class OwedDeliveries {
  constructor(private readonly sqlite: Sqlite) {}

  endpointsOwed(): readonly string[] {
    return this.sqlite.all(endpointsQuery).map((row) => String(row['endpoint']))
  }

  loadOwed(endpoint: string, afterId: number, limit: number): readonly Delivery[] {
    return this.#load(owedQuery, [endpoint, afterId, limit])
  }

  loadLane(endpoint: string, lane: string, limit: number): readonly Delivery[] {
    return this.#load(laneQuery, [endpoint, lane, limit])
  }

  loadDue(endpoint: string, nowMs: number, limit: number): readonly Delivery[] {
    return this.#load(dueQuery, [endpoint, nowMs, limit])
  }

  nextDueAt(endpoint: string, afterMs: number): number | null {
    const query = 'SELECT min(retry_at) AS at FROM lane_wait WHERE endpoint = ? AND retry_at > ?'
    const row = this.sqlite.get(query, [endpoint, afterMs])
    return typeof row?.['at'] === 'number' ? row['at'] : null
  }

  #load(sql: string, values: (string | number)[]): readonly Delivery[] {
    return this.sqlite.all<DeliveryRow>(sql, values).map(toDelivery)
  }
}

export const toDelivery = (row: DeliveryRow): Delivery => ({
  id: row.id,
  webhookId: row.webhook_id,
  endpoint: row.endpoint,
  url: row.url,
  lane: row.lane,
  sequence: row.sequence,
  notification: row.notification,
  headers: row.headers === '{}' ? noHeaders : (JSON.parse(row.headers) as Record<string, string>),
  body: row.body,
  attempts: row.attempts,
  commitLsn: row.commit_lsn === null ? null : toLsn(row.commit_lsn),
  committedAt: row.committed_at_us,
  appointmentExternalId: row.appointment_external_id,
})

const noHeaders = Object.freeze({})
