// POSTs stored deliveries again: same id, same bytes, same sequence, `notification-replay: true` (spec section 9). In order
// within a lane, live deliveries first; each is tried three times and then reported. Never blocks a lane of live ones.
import { pause } from '../base/backoff.js'
import type { Log } from '../base/log.js'
import { formatLsn } from '../capture/lsn.js'
import type { Settlement } from '../journal/delivery.js'
import type { Replay, ReplayedDelivery, ReplayFailure, ReplayProgress, ReplaySelection } from '../journal/replays.js'
import type { Deliverer } from './deliver.js'
import type { Outcome } from './retry-policy.js'

export interface ReplayJournal {
  loadReplayed(selection: ReplaySelection, afterId: number, limit: number): readonly ReplayedDelivery[]
  recordProgress(progress: ReplayProgress): Promise<void>
  settle(settlements: readonly Settlement[]): Promise<void>
}

export interface ReplayerOptions {
  readonly journal: ReplayJournal
  readonly deliverer: Deliverer
  readonly log: Log
  readonly signal: AbortSignal
}

const windowSize = 200
const attempts = 3
const betweenAttemptsMs = 1_000
const lookAgainMs = 20

type Result = { readonly tag: 'delivered' } | { readonly tag: 'failed'; readonly error: string }

/** Resolves when it is finished, or when the signal stopped it: then it goes on where it was at the next start. */
export async function runReplay(replay: Replay, options: ReplayerOptions): Promise<void> {
  const { journal, signal } = options
  const pace = new Pace(replay.rate)
  for (let afterId = replay.doneUpTo; !signal.aborted; ) {
    const window = journal.loadReplayed(replay.selection, afterId, windowSize)
    const results = await sendWindow(window, pace, options)
    if (results.includes(null)) return
    afterId = window.at(-1)?.id ?? afterId
    const failures = window.flatMap((delivery, at) => failureOf(delivery, results[at] ?? null))
    const delivered = window.length - failures.length
    const finished = window.length < windowSize
    await journal.recordProgress({ id: replay.id, doneUpTo: afterId, delivered, failures, finished })
    if (finished) return
  }
}

/** Lanes side by side; null: the daemon stops. */
async function sendWindow(
  window: readonly ReplayedDelivery[],
  pace: Pace,
  options: ReplayerOptions,
): Promise<readonly (Result | null)[]> {
  const lanes = new Map<string, Promise<Result | null>>()
  const sent = window.map((delivery) => {
    const lane = `${delivery.endpoint}\0${delivery.lane}`
    const before = lanes.get(lane) ?? Promise.resolve(null)
    const result = before.then(() => send(delivery, pace, options))
    lanes.set(lane, result)
    return result
  })
  return Promise.all(sent)
}

async function send(delivery: ReplayedDelivery, pace: Pace, options: ReplayerOptions): Promise<Result | null> {
  const { deliverer, signal } = options
  const sender = deliverer.sender(delivery.endpoint)
  if (sender === null) return { tag: 'failed', error: 'the endpoint is disabled, or not in the config' }
  let error = ''
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (attempt > 1) await pause(betweenAttemptsMs, signal)
    await pace.turn(signal)
    while (!sender.hold(delivery.lane)) if (!(await pause(lookAgainMs, signal))) return null
    const startedAt = Date.now()
    let outcome: Outcome | null
    try {
      outcome = await sender.post(delivery, attempt, new Date(startedAt), true)
      if (outcome?.error === null && delivery.isDead) await settleDead(delivery, outcome, startedAt, options)
    } finally {
      sender.release(delivery.lane)
    }
    if (outcome === null) return null
    report(delivery, outcome, attempt, Date.now() - startedAt, options.log)
    if (outcome.error === null) return { tag: 'delivered' }
    error = outcome.error
  }
  return { tag: 'failed', error }
}

async function settleDead(
  delivery: ReplayedDelivery,
  outcome: Outcome,
  startedAt: number,
  { journal }: ReplayerOptions,
) {
  const { id, attempts: made } = delivery
  const { status, error } = outcome
  const attempt = { deliveryId: id, number: made + 1, startedAt, durationMs: Date.now() - startedAt, status, error }
  await journal.settle([{ tag: 'delivered', delivery, attempt }])
}

function report(delivery: ReplayedDelivery, outcome: Outcome, attempt: number, duration_ms: number, log: Log): void {
  const facts = {
    lsn: delivery.commitLsn === null ? null : formatLsn(delivery.commitLsn),
    webhook_id: delivery.webhookId,
    endpoint: delivery.endpoint,
    notification: delivery.notification,
    appointment_external_id: delivery.appointmentExternalId,
    sequence: delivery.sequence,
    attempt,
    status: outcome.status,
    duration_ms,
  }
  if (outcome.error === null) log.info(facts, 'notification replayed')
  else log.warn({ ...facts, error: outcome.error }, 'replay failed')
}

const failureOf = ({ webhookId, endpoint }: ReplayedDelivery, result: Result | null): ReplayFailure[] =>
  result?.tag === 'failed' ? [{ webhook_id: webhookId, endpoint, error: result.error }] : []

/** At most so many requests a second. */
class Pace {
  #nextAt = 0

  constructor(private readonly rate: number | null) {}

  async turn(signal: AbortSignal): Promise<void> {
    if (this.rate === null) return
    const now = Date.now()
    const at = Math.max(now, this.#nextAt)
    this.#nextAt = at + 1000 / this.rate
    if (at > now) await pause(at - now, signal)
  }
}
