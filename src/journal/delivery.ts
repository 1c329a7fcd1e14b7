// What is owed, as the sender sees it, and the journal's side of paying it. The sender imports this file; the journal's
// SQLite and (later) PostgreSQL engines implement it. Every promise resolves only when the write is fsynced.
import type { Micros } from '../base/time.js'
import type { Lsn } from '../capture/lsn.js'
import type { Waits } from './waits.js'

/** One owed POST. Rows of one endpoint have ascending `id` in the order in which they became owed. */
export interface Delivery {
  readonly id: number
  readonly webhookId: string
  readonly endpoint: string
  /** Absolute URL of a notification to no configured endpoint; null: the configured endpoint's. */
  readonly url: string | null
  /** Order is kept within (endpoint, lane). */
  readonly lane: string
  /** Per endpoint, from 1, without holes. Null for `gap` and `test`. */
  readonly sequence: number | null
  readonly notification: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Attempts made so far. */
  readonly attempts: number
  /** Its lane waits for it; null: it does not, as far as was asked. */
  readonly wait: Wait | null
  readonly commitLsn: Lsn | null
  readonly committedAt: Micros | null
  readonly appointmentExternalId: string | null
  /** Its row is not what it was when it became owed (its checksum says so): it is never sent. */
  readonly isDamaged?: true
}

export interface Wait {
  /** When it is due by its schedule (journal's clock, ms): an attempt before that uses up no step. */
  readonly until: number
  /** Of the schedule, used up so far. */
  readonly steps: number
}

/** Some of what an endpoint is owed, in lanes that do not wait. */
export interface OwedSlice {
  readonly deliveries: readonly Delivery[]
  /** All up to this id was looked at; what of it is not among `deliveries` stands behind a waiting lane. */
  readonly upTo: number
  /** There may be more behind it. */
  readonly isMore: boolean
}

/** How an attempt ended, with what the operator may see of it (no body, no path, no header). */
export interface Attempt {
  readonly deliveryId: number
  /** From 1. */
  readonly number: number
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly durationMs: number
  /** HTTP status, or null where no answer came. */
  readonly status: number | null
  /** A short class of failure (`ECONNREFUSED`, `timeout`, `http 500`, `refused address`), null on success. */
  readonly error: string | null
}

/** What an attempt changed; written together with the attempt. */
export type Settlement =
  /** `replayAttempt`: it was a replay's, of a dead letter; from 1. */
  | {
      readonly tag: 'delivered'
      readonly delivery: Delivery
      readonly attempt: Attempt
      readonly replayAttempt?: number
    }
  /** The lane waits until `retryAt` (journal's clock, ms), with so many steps of the schedule used up. */
  | {
      readonly tag: 'retry'
      readonly delivery: Delivery
      readonly attempt: Attempt
      readonly retryAt: number
      readonly steps: number
      /** When the attempt began, by the journal's clock. */
      readonly triedAt: number
      readonly pauseUntil: number | null
    }
  | { readonly tag: 'dead'; readonly delivery: Delivery; readonly attempt: Attempt; readonly pauseUntil: number | null }

/**
 * A lane is *waiting* while its first owed delivery has failed and its retry is not yet due: the journal keeps that in
 * `lane_wait`, so that nothing of a waiting lane need be in memory. `delivered` and `dead` end the waiting.
 */
export interface DeliveryJournal {
  /** Names of all endpoints with something owed. */
  endpointsOwed(): readonly string[]
  /** By which clock lanes wait, and what ends the waits of an endpoint before their time. */
  readonly waits: Pick<Waits, 'now' | 'noteClock' | 'markOf' | 'release'>
  /** Owed deliveries of lanes that do not wait, with id > afterId, ascending, at most `limit`; bounded in what it passes. */
  loadOwed(endpoint: string, afterId: number, limit: number): OwedSlice
  /** The first owed deliveries of one lane, ascending, whether it waits or not. */
  loadLane(endpoint: string, lane: string, limit: number): readonly Delivery[]
  /** First owed delivery of each waiting lane whose retry is due at `nowMs`, the longest due first. */
  loadDue(endpoint: string, nowMs: number, limit: number): readonly Delivery[]
  /** First owed delivery of each waiting lane that was last tried up to then, the least recently tried first. */
  loadTried(endpoint: string, upTo: number, limit: number): readonly Delivery[]
  /** When the next lane that waits until after `afterMs` becomes due (both unix ms), or null. */
  nextDueAt(endpoint: string, afterMs: number): number | null
  /** Group commit: settlements of concurrent calls share one fsync. */
  settle(settlements: readonly Settlement[]): Promise<void>
}
