// The sender's reads: owed deliveries in the order in which they became owed. Synchronous, prepared, bounded by `limit`:
// these run for every window of every endpoint.
import { toLsn } from '../capture/lsn.js'
import { checksumOf } from './checksum.js'
import type { Delivery, OwedSlice, Wait } from './delivery.js'
import type { DeliveryRow, JournalTables } from './schema.js'
import type { Sqlite } from './sqlite.js'

export const deliveryColumns = `d.id, d.webhook_id, d.endpoint, d.url, d.lane, d.sequence, d.notification, d.headers, d.body, d.attempts,
  d.commit_lsn, d.committed_at_us, d.appointment_external_id, d.checksum`

/** Rows of the index that one read may pass: however much stands behind waiting lanes, it takes a few milliseconds. */
const passedRows = 1_000

const boundQuery = `
  SELECT id FROM delivery WHERE endpoint = ? AND state = 'owed' AND id > ? ORDER BY id LIMIT 1 OFFSET ${passedRows - 1}`
const lastQuery = "SELECT max(id) AS id FROM delivery WHERE endpoint = ? AND state = 'owed' AND id > ?"

const owedQuery = `
  SELECT ${deliveryColumns} FROM delivery d
   WHERE d.endpoint = ? AND d.state = 'owed' AND d.id > ? AND d.id <= ?
     AND NOT EXISTS (SELECT 1 FROM lane_wait w WHERE w.endpoint = d.endpoint AND w.lane = d.lane)
   ORDER BY d.id LIMIT ?`

const laneQuery = `
  SELECT ${deliveryColumns} FROM delivery d
   WHERE d.endpoint = ? AND d.lane = ? AND d.state = 'owed' ORDER BY d.id LIMIT ?`

const waitColumns = `${deliveryColumns}, w.retry_at, w.steps`
const waiting = `SELECT ${waitColumns} FROM lane_wait w JOIN delivery d ON d.id = w.delivery_id`
const dueQuery = `${waiting} WHERE w.endpoint = ? AND w.retry_at <= ? AND d.state = 'owed' ORDER BY w.retry_at LIMIT ?`
const triedQuery = `${waiting} WHERE w.endpoint = ? AND w.tried_at <= ? AND d.state = 'owed' ORDER BY w.tried_at LIMIT ?`

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

  loadOwed(endpoint: string, afterId: number, limit: number): OwedSlice {
    const idOf = (query: string) => this.sqlite.get(query, [endpoint, afterId])?.['id']
    const bound = idOf(boundQuery)
    const last = bound ?? idOf(lastQuery)
    if (typeof last !== 'number') return { deliveries: [], upTo: afterId, isMore: false }
    const deliveries = this.#load(owedQuery, [endpoint, afterId, last, limit])
    if (deliveries.length < limit) return { deliveries, upTo: last, isMore: bound !== undefined }
    return { deliveries, upTo: deliveries.at(-1)?.id ?? last, isMore: true }
  }

  loadLane(endpoint: string, lane: string, limit: number): readonly Delivery[] {
    // A damaged one stands in the lane that its index says, and ends there.
    return this.#load(laneQuery, [endpoint, lane, limit]).map((one) => (one.isDamaged ? { ...one, lane } : one))
  }

  loadDue(endpoint: string, nowMs: number, limit: number): readonly Delivery[] {
    return this.#load(dueQuery, [endpoint, nowMs, limit])
  }

  loadTried(endpoint: string, upTo: number, limit: number): readonly Delivery[] {
    return this.#load(triedQuery, [endpoint, upTo, limit])
  }

  nextDueAt(endpoint: string, afterMs: number): number | null {
    const query = 'SELECT min(retry_at) AS at FROM lane_wait WHERE endpoint = ? AND retry_at > ?'
    const row = this.sqlite.get(query, [endpoint, afterMs])
    return typeof row?.['at'] === 'number' ? row['at'] : null
  }

  #load(sql: string, values: (string | number)[]): readonly Delivery[] {
    return this.sqlite.all<DeliveryRow & Partial<WaitRow>>(sql, values).map(toDelivery)
  }
}

type WaitRow = Pick<JournalTables['lane_wait'], 'retry_at' | 'steps'>

const waitOf = ({ retry_at: until, steps = 0 }: Partial<WaitRow>): Wait | null =>
  until === undefined ? null : { until, steps }

/** Never throws: what a damaged row holds is not to be trusted, and one of them stops no other. */
export function toDelivery(row: DeliveryRow & Partial<WaitRow>): Delivery {
  if (row.checksum === null ? isOdd(row) : row.checksum !== checksumOf(row)) return damagedDelivery(row)
  return {
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
    wait: waitOf(row),
    commitLsn: row.commit_lsn === null ? null : toLsn(row.commit_lsn),
    committedAt: row.committed_at_us,
    appointmentExternalId: row.appointment_external_id,
  }
}

/** A row from before there were checksums, which cannot be read at all. */
function isOdd({ headers, commit_lsn: lsn }: DeliveryRow): boolean {
  try {
    JSON.parse(headers)
    return lsn !== null && lsn < 0n
  } catch {
    return true
  }
}

/** As much of it as a log line and its own end need. */
const damagedDelivery = (row: DeliveryRow & Partial<WaitRow>): Delivery => ({
  id: row.id,
  webhookId: `${row.webhook_id}`,
  endpoint: `${row.endpoint}`,
  url: null,
  lane: `${row.lane}`,
  sequence: typeof row.sequence === 'number' ? row.sequence : null,
  notification: `${row.notification}`,
  headers: noHeaders,
  body: '',
  attempts: row.attempts,
  wait: waitOf(row),
  commitLsn: typeof row.commit_lsn === 'bigint' && row.commit_lsn >= 0n ? toLsn(row.commit_lsn) : null,
  committedAt: typeof row.committed_at_us === 'number' ? row.committed_at_us : null,
  appointmentExternalId: row.appointment_external_id === null ? null : `${row.appointment_external_id}`,
  isDamaged: true,
})

const noHeaders = Object.freeze({})
