// What compute leaves behind for the journal: for each change the results of every protocol that asked for its change
// type, and the notifications that are owed because of it.
import type { ResolvedChange } from '../change/captured-change.js'

/** The database cluster and history a change came from: part of every identity. */
export interface Source {
  readonly systemIdentifier: string
  readonly timeline: number
}

/** One protocol's outcome for one change; journaled as JSON with these names. */
export type ProtocolOutcome =
  | {
      readonly tag: 'computed'
      readonly protocol: string
      readonly status: string
      readonly narratives: readonly string[]
      readonly recommendations: readonly unknown[]
      readonly due_in: number | null
      /** Why nothing was notified, for `explain`; null where something was, or where the protocol does not say. */
      readonly reason: string | null
    }
  /** Threw or ran out of time, or is suspended. Message and stack stay in the journal, never in the log. */
  | {
      readonly tag: 'failed'
      readonly protocol: string
      readonly cause: 'threw' | 'timed_out' | 'suspended'
      readonly message: string
      readonly stack: string | null
    }

export interface OwedNotification {
  readonly webhookId: string
  /** Class name of the protocol. */
  readonly protocol: string
  /** A configured endpoint's name, or the origin of an absolute URL. */
  readonly endpoint: string
  /** The absolute URL for a notification to no configured endpoint; else null. */
  readonly url: string | null
  /** `created` … `checked_in`; a user's protocol: its class name. */
  readonly notification: string
  readonly headers: Readonly<Record<string, string>>
  /** The exact bytes of the POST, as UTF-8 text. */
  readonly body: string
}

export interface ComputedChange extends ResolvedChange {
  readonly outcomes: readonly ProtocolOutcome[]
  readonly notifications: readonly OwedNotification[]
}
