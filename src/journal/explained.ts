// What the journal knows of a commit, an appointment or a notification, for `explain`: the change, what each protocol said
// to it, what is owed because of it, and every attempt. Reads only. Values of rows are not in it, their columns' names are.
import { type Kysely, sql } from 'kysely'
import type { Micros } from '../base/time.js'
import { formatLsn, type Lsn } from '../capture/lsn.js'
import type { FieldChanges } from '../change/captured-change.js'
import type { ProtocolOutcome } from '../compute/computed-change.js'
import { spellings } from './external-id.js'
import type { JournalTables } from './schema.js'

/** What is asked about. */
export type Subject =
  | { readonly tag: 'lsn'; readonly lsn: Lsn }
  | { readonly tag: 'webhook id'; readonly webhookId: string }
  | { readonly tag: 'appointment'; readonly externalId: string }

export interface ExplainedChange {
  readonly lsn: string
  readonly ordinal: number
  readonly committedAt: Micros
  /** Unix ms, of the daemon's clock. */
  readonly journaledAt: number
  readonly model: string
  readonly operation: string
  /** Names of the columns that differ. */
  readonly fields: readonly string[]
  readonly withoutOldImage: boolean
  /** Where its old values were taken from then; null: nowhere. */
  readonly oldRowFrom: 'image' | null
  readonly appointmentExternalId: string | null
  readonly resolvedFrom: string
  readonly outcomes: readonly ProtocolOutcome[]
  readonly deliveries: readonly ExplainedDelivery[]
}

export interface ExplainedDelivery {
  readonly webhookId: string
  readonly protocol: string
  readonly notification: string
  readonly endpoint: string
  readonly sequence: number | null
  readonly state: 'owed' | 'delivered' | 'dead' | 'discarded'
  /** Why an operator discarded it. */
  readonly reason: string | null
  /** When its lane is tried again (unix ms); null: it does not wait for that. */
  readonly retryAt: number | null
  readonly attempts: readonly ExplainedAttempt[]
}

export interface ExplainedAttempt {
  /** From 1; a replay's begin at 1 again. */
  readonly number: number
  readonly isReplay: boolean
  /** Unix ms. */
  readonly startedAt: number
  readonly durationMs: number
  readonly status: number | null
  readonly error: string | null
}

type ChangeRow = Omit<JournalTables['change'], 'id'> & { readonly id: number }

/** In WAL order, at most `limit`. */
export async function explained(
  db: Kysely<JournalTables>,
  subject: Subject,
  limit: number,
): Promise<readonly ExplainedChange[]> {
  const changes = db.selectFrom('change').selectAll().orderBy('id').limit(limit)
  const rows = await (subject.tag === 'lsn'
    ? changes.where('commit_lsn', '=', subject.lsn)
    : subject.tag === 'appointment'
      ? changes.where('appointment_external_id', 'in', spellings(subject.externalId))
      : changes.where(
          'id',
          'in',
          db
            .selectFrom('delivery')
            .select('change_id')
            .where('webhook_id', '=', subject.webhookId)
            .where('change_id', 'is not', null)
            .$narrowType<{ change_id: number }>(),
        )
  ).execute()
  const all: ExplainedChange[] = []
  for (const row of rows) all.push(await explainedChange(db, row))
  return all
}

async function explainedChange(db: Kysely<JournalTables>, row: ChangeRow): Promise<ExplainedChange> {
  const { fields } = JSON.parse(row.field_changes) as FieldChanges
  const deliveries = await db
    .selectFrom('delivery as d')
    .leftJoin('lane_wait as w', 'w.delivery_id', 'd.id')
    .selectAll('d')
    .select('w.retry_at')
    .where('d.change_id', '=', row.id)
    .orderBy('d.id')
    .execute()
  const explainedDeliveries: ExplainedDelivery[] = []
  for (const delivery of deliveries) {
    const failed = await db.selectFrom('attempt').selectAll().where('delivery_id', '=', delivery.id).execute()
    const replayed = await attemptsOfReplays(db, delivery)
    const attempts = failed.map(({ number, started_at, duration_ms, status, error }) => ({
      number,
      isReplay: false,
      startedAt: started_at,
      durationMs: duration_ms,
      status,
      error,
    }))
    // The one that delivered stands in the delivery's own row; a replay that did, of a dead letter, among the replays too.
    if (delivery.state === 'delivered' && delivery.settled_at !== null) {
      const { attempts: number, settled_at: settledAt, status } = delivery
      const durationMs = delivery.duration_ms ?? 0
      const startedAt = Math.round(settledAt - durationMs)
      const isTold = replayed.some((one) => Math.round(one.startedAt + one.durationMs) === settledAt)
      if (!isTold) attempts.push({ number, isReplay: false, startedAt, durationMs, status, error: null })
    }
    explainedDeliveries.push({
      webhookId: delivery.webhook_id,
      protocol: delivery.protocol,
      notification: delivery.notification,
      endpoint: delivery.endpoint,
      sequence: delivery.sequence,
      state: delivery.state,
      reason: delivery.reason,
      retryAt: delivery.state === 'owed' ? delivery.retry_at : null,
      attempts: [...attempts, ...replayed].sort((a, b) => a.startedAt - b.startedAt),
    })
  }
  return {
    lsn: formatLsn(row.commit_lsn as Lsn),
    ordinal: row.ordinal,
    committedAt: row.committed_at_us,
    journaledAt: row.journaled_at,
    model: row.model,
    operation: row.operation,
    fields: Object.keys(fields),
    withoutOldImage: row.without_old_image === 1,
    oldRowFrom: row.old_row_from,
    appointmentExternalId: row.appointment_external_id,
    resolvedFrom: row.resolved_from,
    outcomes: JSON.parse(row.outcomes) as ProtocolOutcome[],
    deliveries: explainedDeliveries,
  }
}

/** Replays settle nothing: their attempts are in the disclosure log alone, and as long as that is kept. */
async function attemptsOfReplays(
  db: Kysely<JournalTables>,
  { webhook_id, commit_lsn }: Pick<JournalTables['delivery'], 'webhook_id' | 'commit_lsn'>,
): Promise<readonly ExplainedAttempt[]> {
  if (commit_lsn === null) return []
  const rows = await db
    .selectFrom('disclosure')
    .selectAll()
    // As its index says it: a bound 1 would not be seen to be the same.
    .where(sql<boolean>`replay = 1`)
    .where('commit_lsn', '=', commit_lsn)
    .where('webhook_id', '=', webhook_id)
    .execute()
  return rows.map((row) => ({
    number: row.attempt,
    isReplay: true,
    startedAt: row.sent_at,
    durationMs: row.duration_ms,
    status: row.status,
    error: row.error,
  }))
}
