// Whether an endpoint may be sent to now: probed after failures in a row, left alone while its Retry-After lasts (spec
// section 7). Fed by every outcome, those of replays too.
import type { Log } from '../base/log.js'
import { steadyNow } from '../base/time.js'
import type { Endpoint } from './endpoint.js'
import { Probe, type ProbeIntervals } from './probe.js'
import { type Decision, decide, isSuccess, isUnhealthy, type Outcome } from './retry-policy.js'

export interface SenderState {
  /** Open requests. */
  readonly inFlight: number
  /** Lanes in memory; those that wait for a retry are in the journal alone. */
  readonly lanes: number
  readonly isProbing: boolean
  /** Unix ms, steady; in the past: it may be sent to. */
  readonly pausedUntil: number
}

export class Health {
  readonly #probe: Probe
  #pausedUntil = 0

  constructor(
    private readonly endpoint: Endpoint,
    private readonly log: Log,
    intervals?: ProbeIntervals,
  ) {
    this.#probe = new Probe(intervals)
  }

  get isProbing(): boolean {
    return this.#probe.isProbing
  }

  /** Unix ms, steady (as all times here). */
  get pausedUntil(): number {
    return this.#pausedUntil
  }

  /** No request may begin before this (unix ms). */
  get notBefore(): number {
    return Math.max(this.#pausedUntil, this.#probe.nextAt)
  }

  /** How many requests may be open. */
  get mayOpen(): number {
    return this.isProbing ? 1 : this.endpoint.concurrency
  }

  /** What the outcome of the attempt with this number (from 1), begun at `startedAt` (unix ms), means for its delivery. */
  judge(outcome: Outcome, number: number, startedAt: number): Decision {
    const nowMs = steadyNow()
    const { name, retrySeconds } = this.endpoint
    if (isSuccess(outcome)) {
      if (this.#probe.succeeded()) this.log.info({ endpoint: name }, 'endpoint recovered')
    } else if (!isUnhealthy(outcome)) this.#probe.answered(nowMs)
    else if (this.#probe.failed(nowMs, startedAt)) {
      const facts = { endpoint: name, error: outcome.error }
      this.log.warn(facts, 'endpoint failing: one request at a time until one succeeds')
    }
    const decision = decide(outcome, number, retrySeconds, nowMs, Math.random())
    if (decision.tag !== 'delivered') this.#pausedUntil = Math.max(this.#pausedUntil, decision.pauseUntil ?? 0)
    return decision
  }
}
