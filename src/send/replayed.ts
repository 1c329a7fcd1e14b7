// One stored delivery, POSTed again: same id, same bytes, same sequence, `notification-replay: true` (spec section 9). It is
// tried three times and then reported; live deliveries of its lane go first, and none ever waits for more than one request.
import { pause } from '../base/backoff.js'
import type { Log } from '../base/log.js'
import { steadyNow } from '../base/time.js'
import { formatLsn } from '../capture/lsn.js'
import type { Attempt, Delivery, Settlement } from '../journal/delivery.js'
import type { ReplayedDelivery } from '../journal/replay-range.js'
import type { Deliverer } from './deliver.js'
import type { EndpointSender } from './endpoint-sender.js'
import { isNotSent, isSuccess, type Outcome } from './retry-policy.js'
import { settleDurably } from './settle-durably.js'

export interface ReplayedOptions {
  readonly journal: {
    settle(settlements: readonly Settlement[]): Promise<void>
    discloseReplayed(delivery: Delivery, attempt: Attempt): Promise<void>
  }
  readonly deliverer: Deliverer
  readonly log: Log
  /** The daemon stops. */
  readonly signal: AbortSignal
}

export type Result = { readonly tag: 'delivered' } | { readonly tag: 'failed'; readonly error: string }

const off: Result = { tag: 'failed', error: 'the endpoint is disabled, or not in the config' }

const attempts = 3
const betweenAttemptsMs = 1_000
const lookAgainMs = 20

export class Replayed {
  constructor(
    private readonly delivery: ReplayedDelivery,
    private readonly pace: Pace,
    private readonly options: ReplayedOptions,
    /** The replay or the daemon stops. */
    private readonly signal: AbortSignal,
  ) {}

  /** Null: given up. */
  async send(): Promise<Result | null> {
    const sender = this.options.deliverer.sender(this.delivery.endpoint)
    if (sender === null) return off
    let error = ''
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      if (attempt > 1) await pause(betweenAttemptsMs, this.signal)
      await this.pace.turn(this.signal)
      const outcome = await this.#attempt(sender, attempt)
      if (outcome === null) return null
      if (outcome === 'off') return off
      if (isSuccess(outcome)) return { tag: 'delivered' }
      error = outcome.error ?? 'no answer'
    }
    return { tag: 'failed', error }
  }

  /** Off: SIGHUP has disabled the endpoint meanwhile, or it left the config. */
  async #attempt(sender: EndpointSender, number: number): Promise<Outcome | 'off' | null> {
    for (;;) {
      if (this.signal.aborted) return null
      if (sender.isOff) return 'off'
      if (sender.hold(this.delivery.lane)) {
        const outcome = await this.#exchange(sender, number)
        if (outcome === null || !isNotSent(outcome)) return outcome
      }
      await pause(lookAgainMs, this.signal)
    }
  }

  async #exchange(sender: EndpointSender, number: number): Promise<Outcome | null> {
    const { delivery } = this
    const startedAt = Date.now()
    const triedAt = sender.now()
    const started = performance.now()
    let outcome: Outcome | null = null
    try {
      outcome = await sender.post(delivery, number, new Date(startedAt), true)
      if (outcome === null || isNotSent(outcome)) return outcome
      const durationMs = performance.now() - started
      this.#report(outcome, number, durationMs)
      if (delivery.isDead && isSuccess(outcome)) await this.#settle(outcome, number, startedAt, durationMs)
      else {
        const { status, error } = outcome
        const attempt = { deliveryId: delivery.id, number, startedAt, durationMs, status, error }
        await this.options.journal.discloseReplayed(delivery, attempt)
      }
      return outcome
    } finally {
      sender.letGo(delivery.lane, outcome, triedAt)
    }
  }

  async #settle(
    { status, error }: Outcome,
    replayAttempt: number,
    startedAt: number,
    durationMs: number,
  ): Promise<void> {
    const { delivery, options } = this
    const number = delivery.attempts + 1
    const attempt = { deliveryId: delivery.id, number, startedAt, durationMs, status, error }
    const settlement: Settlement = { tag: 'delivered', delivery, attempt, replayAttempt }
    await settleDurably(options.journal, settlement, delivery.endpoint, options.log, options.signal)
  }

  #report(outcome: Outcome, attempt: number, duration_ms: number): void {
    const { delivery, options } = this
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
    if (isSuccess(outcome)) options.log.info(facts, 'notification replayed')
    else options.log.warn({ ...facts, error: outcome.error }, 'replay failed')
  }
}

/** At most so many requests a second; null: as fast as it goes. */
export class Pace {
  #nextAt = 0

  constructor(private readonly rate: number | null) {}

  async turn(signal: AbortSignal): Promise<void> {
    if (this.rate === null) return
    const now = steadyNow()
    const at = Math.max(now, this.#nextAt)
    this.#nextAt = at + 1000 / this.rate
    if (at > now) await pause(at - now, signal)
  }
}
