// What a protocol made of one change, in the shape that `protocols test` prints, saves and compares. In: computed changes.
// Owns that of a real patient nothing but a hash is shown unless it is asked for.
import { createHash } from 'node:crypto'
import type { ResolvedChange } from '../change/captured-change.js'
import type { PatientAppointment } from '../change/patient-appointments.js'
import type { ComputedChange, OwedNotification, ProtocolOutcome, Source } from '../compute/computed-change.js'
import { failureFacts } from '../compute/protocol-failure.js'

/** One change to run protocols over. */
export interface TestCase {
  /** Of an example its name; of a journaled change `0/16B3748 #0`: its commit LSN and its ordinal. */
  readonly name: string
  readonly change: ResolvedChange
  readonly source: Source
  /** What `this.patient.appointments` is; null: the clinical database is asked. */
  readonly appointments: readonly PatientAppointment[] | null
}

/** One protocol's compute of one change. JSON with these names. */
export interface ProtocolRun {
  readonly change: string
  readonly protocol: string
  /** Null: it failed. */
  readonly status: string | null
  /** Null: it did not. */
  readonly failed: string | null
  readonly due_in: number | null
  readonly narratives: readonly string[]
  readonly recommendations: readonly unknown[]
  readonly notifications: readonly WouldSend[]
}

export interface WouldSend {
  /** An endpoint's name, or the URL. */
  readonly to: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON where the body is some, else its text. */
  readonly payload: unknown
}

export const hasFailed = ({ failed }: ProtocolRun): boolean => failed !== null

/** @param hides puts a hash in the place of everything that can be of a patient */
export function runsOf({ name }: TestCase, computed: ComputedChange, own: ReadonlySet<string>, hides: boolean) {
  return computed.outcomes
    .filter(({ protocol }) => own.has(protocol))
    .map((outcome): ProtocolRun => {
      const owed = computed.notifications.filter(({ protocol }) => protocol === outcome.protocol)
      const run = runOf(name, outcome, owed)
      return hides ? hidden(run, outcome, owed) : run
    })
}

function runOf(change: string, outcome: ProtocolOutcome, owed: readonly OwedNotification[]): ProtocolRun {
  const { protocol } = outcome
  const notifications = owed.map(({ endpoint, url, headers, body }) => ({
    to: url ?? endpoint,
    headers,
    payload: parsed(body),
  }))
  if (outcome.tag === 'computed') {
    const { status, due_in, narratives, recommendations } = outcome
    return { change, protocol, status, failed: null, due_in, narratives, recommendations, notifications }
  }
  const { at } = failureFacts(outcome)
  const failed = at === null ? outcome.message : `${outcome.message} (${at})`
  return { change, protocol, status: null, failed, due_in: null, narratives: [], recommendations: [], notifications }
}

function hidden(run: ProtocolRun, outcome: ProtocolOutcome, owed: readonly OwedNotification[]): ProtocolRun {
  return {
    ...run,
    failed: outcome.tag === 'failed' ? hiddenFailure(outcome) : null,
    narratives: run.narratives.map(hashed),
    recommendations: run.recommendations.map((value) => hashed(JSON.stringify(value))),
    notifications: owed.map(({ endpoint, url, headers, body }) => ({
      to: url === null ? endpoint : `${endpoint} ${hashed(url)}`,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, hashed(value)])),
      payload: hashed(body),
    })),
  }
}

function hiddenFailure(outcome: Extract<ProtocolOutcome, { tag: 'failed' }>): string {
  const { cause, error, at } = failureFacts(outcome)
  return [cause, error, at].filter((part) => part !== null).join(' ')
}

/** Tells the same from the different. Who can guess a text can confirm the guess. */
const hashed = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('hex').slice(0, 16)} (${Buffer.byteLength(text)} bytes)`

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch (error) {
    if (error instanceof SyntaxError) return body
    throw error
  }
}
