// Whether an endpoint may be sent to now: probed after failures in a row, left alone while its Retry-After lasts (spec
// section 7). Fed by every outcome, those of replays too. All times are of the journal's clock (unix ms).
import type { Log } from '../base/log.js'
import { oursAlone } from './attempt-errors.js'
import type { Endpoint } from './endpoint.js'
import { Probe, type ProbeIntervals } from './probe.js'
import {
  type Decision,
  decide,
  isSuccess,
  isUnanswered,
  isUnhealthy,
  type NotSent,
  type Outcome,
  type Tried,
} from './retry-policy.js'

export interface SenderState {
  /** Open requests. */
  readonly inFlight: number
  /** Lanes in memory; those that wait for a retry are in the journal alone. */
  readonly lanes: number
  readonly isProbing: boolean
  /** In the past: it may be sent to. */
  readonly pausedUntil: number
}

export interface HealthOptions {
  readonly endpoint: Endpoint
  readonly log: Log
  readonly now: () => number
  readonly probeMs?: ProbeIntervals | undefined
  readonly pausedUntil: number
  /** Lanes of it wait since before this process began. */
  readonly isDoubtful: boolean
  /** The endpoint answers again after it failed: what waits for it is due. */
  readonly recovered: () => void
}

/** What we ran out of may be there again. */
const oursMs = 1_000

export class Health {
  readonly #options: HealthOptions
  readonly #probe: Probe
  #endpoint: Endpoint
  #pausedUntil: number
  #oursUntil = 0

  constructor(options: HealthOptions) {
    this.#options = options
    this.#endpoint = options.endpoint
    this.#pausedUntil = options.pausedUntil
    this.#probe = new Probe(options.probeMs, options.isDoubtful)
  }

  get isProbing(): boolean {
    return this.#probe.isProbing
  }

  get pausedUntil(): number {
    return this.#pausedUntil
  }

  /** No request may begin before this. */
  get notBefore(): number {
    return Math.max(this.#pausedUntil, this.#oursUntil, this.#probe.nextAt)
  }

  /** When a lane may be tried before its time, where no other is due; infinity: not at all. */
  get seekAt(): number {
    return this.#probe.seekAt
  }

  /** How many requests may be open. */
  get mayOpen(): number {
    return this.isProbing ? 1 : this.#endpoint.concurrency
  }

  /** Its config is another from now on. */
  replace(endpoint: Endpoint): void {
    this.#endpoint = endpoint
  }

  /** It is not the endpoint that fails: it is left alone for a moment, and nothing is held against it. */
  ours({ notSent: code }: NotSent): void {
    const { log, now, endpoint } = this.#options
    if (now() < this.#oursUntil) return
    this.#oursUntil = now() + oursMs
    log.error(
      { endpoint: endpoint.name, code, remedy: oursAlone[code] },
      'nothing could be sent: this machine has run out of something; trying again',
    )
  }

  /** There is a reason to think that it answers. Its Retry-After still counts. */
  hurry(): void {
    this.#probe.hurry()
  }

  /** What the outcome of an attempt, begun at `startedAt`, means for its delivery. */
  judge(outcome: Outcome, tried: Tried, startedAt: number): Decision {
    const { log, now, recovered } = this.#options
    const nowMs = now()
    const { name, retrySeconds } = this.#endpoint
    const wasProbing = this.isProbing
    let answersAgain = false
    if (isSuccess(outcome)) answersAgain = this.#probe.succeeded()
    else if (!isUnhealthy(outcome)) answersAgain = this.#probe.answered(nowMs)
    else if (this.#probe.failed(nowMs, startedAt, isUnanswered(outcome))) {
      const facts = { endpoint: name, error: outcome.error }
      log.warn(facts, 'endpoint failing: one request at a time until one succeeds')
    }
    if (wasProbing && !this.isProbing) log.info({ endpoint: name }, 'endpoint recovered')
    const decision = decide(outcome, tried, retrySeconds, Date.now(), Math.random())
    const pauseMs = decision.tag === 'delivered' ? null : decision.pauseMs
    if (pauseMs !== null) this.#pausedUntil = Math.max(this.#pausedUntil, nowMs + pauseMs)
    if (answersAgain) recovered()
    return decision
  }
}
