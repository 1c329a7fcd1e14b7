// The disclosure log: an attempt's row is written in the transaction that settles it, and read by `tail` and `audit`. An
// attempt whose end nobody knows (the daemon was killed) has none; the one that repeats it has.
import type { Kysely } from 'kysely'
import type { Micros } from '../base/time.js'
import { formatLsn, type Lsn } from '../capture/lsn.js'
import type { Attempt, Delivery } from './delivery.js'
import { spellings } from './external-id.js'
import type { JournalTables } from './schema.js'
import type { Sqlite } from './sqlite.js'

const insert = `
  INSERT INTO disclosure (sent_at, endpoint, webhook_id, notification, sequence, commit_lsn, committed_at_us,
    appointment_external_id, attempt, duration_ms, outcome, status, error, replay)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** `failed`: of a replay, whose failures change nothing. */
export type DisclosedOutcome = 'delivered' | 'retry' | 'dead' | 'failed'

/** Within a transaction. */
export function disclose(
  sqlite: Sqlite,
  delivery: Omit<Delivery, 'headers' | 'body'>,
  attempt: Omit<Attempt, 'deliveryId'>,
  outcome: DisclosedOutcome,
  isReplay: boolean,
): void {
  sqlite.run(insert, [
    Math.round(attempt.startedAt),
    delivery.endpoint,
    delivery.webhookId,
    delivery.notification,
    delivery.sequence,
    delivery.commitLsn,
    delivery.committedAt,
    delivery.appointmentExternalId,
    attempt.number,
    attempt.durationMs,
    outcome,
    attempt.status,
    attempt.error,
    isReplay ? 1 : 0,
  ])
}

export interface Disclosure {
  readonly id: number
  /** Unix ms. */
  readonly sentAt: number
  readonly endpoint: string
  readonly webhookId: string
  readonly notification: string
  readonly sequence: number | null
  /** As the log prints it. */
  readonly lsn: string | null
  readonly committedAt: Micros | null
  readonly appointmentExternalId: string | null
  readonly attempt: number
  readonly durationMs: number
  readonly outcome: DisclosedOutcome
  readonly status: number | null
  readonly error: string | null
  readonly isReplay: boolean
}

export interface DisclosureFilter {
  /** Of commits from this one on. */
  readonly fromLsn?: Lsn
  /** Of commits up to this one, itself included. */
  readonly toLsn?: Lsn
  readonly endpoint?: string
  readonly notification?: string
  readonly appointment?: string
  /** Sent at or after, unix ms. */
  readonly since?: number
  /** Sent before, unix ms. */
  readonly until?: number
}

export class Disclosures {
  constructor(private readonly db: Kysely<JournalTables>) {}

  /** 0: there is none. */
  async newestId(): Promise<number> {
    const row = await this.db.selectFrom('disclosure').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst()
    return row?.id ?? 0
  }

  /** Those behind `afterId`, oldest first, at most `limit`. */
  async after(afterId: number, filter: DisclosureFilter, limit: number): Promise<readonly Disclosure[]> {
    const rows = await this.#matching(filter).where('id', '>', afterId).orderBy('id').limit(limit).execute()
    return rows.map(toDisclosure)
  }

  /** The newest `limit`, oldest first. */
  async last(filter: DisclosureFilter, limit: number): Promise<readonly Disclosure[]> {
    const rows = await this.#matching(filter).orderBy('id', 'desc').limit(limit).execute()
    return rows.reverse().map(toDisclosure)
  }

  /** Attempts since `since` (unix ms), by what came of them. */
  async countSince(since: number): Promise<{ readonly delivered: number; readonly failed: number }> {
    let delivered = 0
    let failed = 0
    // The newest are at the end of the table: it is read backwards, page by page, until they are too old.
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
      const page = await this.db
        .selectFrom('disclosure')
        .select(['id', 'sent_at', 'outcome'])
        .where('id', '<', before)
        .orderBy('id', 'desc')
        .limit(1_000)
        .execute()
      const recent = page.filter((row) => row.sent_at >= since)
      delivered += recent.filter((row) => row.outcome === 'delivered').length
      failed += recent.filter((row) => row.outcome !== 'delivered').length
      if (recent.length < 1_000) return { delivered, failed }
      before = page.at(-1)?.id ?? 0
    }
  }

  #matching({ fromLsn, toLsn, endpoint, notification, appointment, since, until }: DisclosureFilter) {
    let query = this.db.selectFrom('disclosure').selectAll()
    if (fromLsn !== undefined) query = query.where('commit_lsn', '>=', fromLsn)
    if (toLsn !== undefined) query = query.where('commit_lsn', '<=', toLsn)
    if (endpoint !== undefined) query = query.where('endpoint', '=', endpoint)
    if (notification !== undefined) query = query.where('notification', '=', notification)
    if (appointment !== undefined) query = query.where('appointment_external_id', 'in', spellings(appointment))
    if (since !== undefined) query = query.where('sent_at', '>=', since)
    if (until !== undefined) query = query.where('sent_at', '<', until)
    return query
  }
}

type Row = { readonly id: number } & Omit<JournalTables['disclosure'], 'id'>

const toDisclosure = (row: Row): Disclosure => ({
  id: row.id,
  sentAt: row.sent_at,
  endpoint: row.endpoint,
  webhookId: row.webhook_id,
  notification: row.notification,
  sequence: row.sequence,
  lsn: row.commit_lsn === null ? null : formatLsn(row.commit_lsn as Lsn),
  committedAt: row.committed_at_us,
  appointmentExternalId: row.appointment_external_id,
  attempt: row.attempt,
  durationMs: row.duration_ms,
  outcome: row.outcome,
  status: row.status,
  error: row.error,
  isReplay: row.replay === 1,
})
