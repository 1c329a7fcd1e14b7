// Pays what is owed to one endpoint: keeps as many requests open as the endpoint may have, settles each outcome in the journal,
// and only then lets the lane go on. Knows nothing of other endpoints.
import type { Log } from '../base/log.js'
import { steadyNow } from '../base/time.js'
import type { Attempt, Delivery, DeliveryJournal, Settlement } from '../journal/delivery.js'
import { failpoint } from '../journal/failpoint.js'
import { AttemptLog } from './attempt-log.js'
import { DeliveryWindow } from './delivery-window.js'
import type { Endpoint } from './endpoint.js'
import { Exchange, type ExchangeOptions } from './exchange.js'
import { Health, type SenderState } from './health.js'
import type { ProbeIntervals } from './probe.js'
import type { Decision, Outcome } from './retry-policy.js'
import { settleDurably } from './settle-durably.js'

export interface SenderOptions extends ExchangeOptions {
  readonly journal: DeliveryJournal
  readonly probeMs?: ProbeIntervals
  readonly log: Log
  /** Called when an attempt's outcome is in the journal. */
  readonly settled: (delivery: Delivery, attempt: Attempt, outcome: Settlement['tag']) => void
}

/** Deliveries in memory, and attempts whose outcome is not yet in the journal, at least: more where more may be open. */
const inMemory = 512
const unsettled = 256
/** Timers cannot be longer (2^31 ms). */
const maxTimerMs = 3_600_000

export class EndpointSender {
  readonly #options: SenderOptions
  readonly #window: DeliveryWindow
  readonly #health: Health
  readonly #exchange: Exchange
  readonly #log: AttemptLog
  readonly #maxUnsettled: number
  #inFlight = 0
  #ended = 0
  /** Of these, requests of replays. */
  #held = 0
  #unsettled = 0
  #timer: NodeJS.Timeout | null = null
  #armedFor = 0
  readonly #stopping = new AbortController()
  #idle: (() => void) | null = null

  constructor(options: SenderOptions) {
    const { endpoint, journal, log } = options
    this.#options = options
    this.#window = new DeliveryWindow(journal, endpoint.name, Math.max(inMemory, 4 * endpoint.concurrency))
    this.#health = new Health(endpoint, log, options.probeMs)
    this.#exchange = new Exchange(options)
    this.#log = new AttemptLog(log)
    this.#maxUnsettled = Math.max(unsettled, 3 * endpoint.concurrency)
  }

  get state(): SenderState {
    const { isProbing, pausedUntil } = this.#health
    return { inFlight: this.#inFlight, lanes: this.#window.lanes, isProbing, pausedUntil }
  }

  /** Requests that have ended so far, however they did. */
  get ended(): number {
    return this.#ended
  }

  /** Something new may be owed. */
  wake(): void {
    this.#window.wake()
    this.#pump()
  }

  /** These are newly owed: the journal has them, and gave them their ids in this order. */
  owe(deliveries: readonly Delivery[]): void {
    this.#window.owe(deliveries)
    this.#pump()
  }

  /** The endpoint's URL, headers, secrets or certificates are others from now on; nothing else of it changes. */
  replace(endpoint: Endpoint): void {
    this.#exchange.replace(endpoint)
  }

  /** What was settled before is owed again: reads from the beginning. */
  rewind(): void {
    this.#window.rewind()
    this.#pump()
  }

  /**
   * A replay asks for a lane and for one of the endpoint's open requests. False: live deliveries are before it, or nothing
   * may be sent now. What it was given it gives back with `release`.
   */
  hold(lane: string): boolean {
    const { mayOpen, notBefore } = this.#health
    const ofReplays = Math.max(1, Math.floor(mayOpen / 4))
    if (this.#stopping.signal.aborted || steadyNow() < notBefore) return false
    if (this.#held >= ofReplays || this.#inFlight >= mayOpen || !this.#window.hold(lane)) return false
    this.#inFlight += 1
    this.#held += 1
    return true
  }

  /** The replay's request has ended, begun at `startedAt` (unix ms, steady); null: it was given up. */
  release(lane: string, outcome: Outcome | null, startedAt: number): void {
    if (outcome !== null) this.#health.judge(outcome, 1, startedAt)
    this.#inFlight -= 1
    this.#held -= 1
    this.#window.release(lane)
    this.#pump()
  }

  /** No new request. Open ones may end until `graceMs` have passed; what they settled is in the journal then. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort()
    if (this.#timer !== null) clearTimeout(this.#timer)
    const grace = setTimeout(() => this.#exchange.abort(), graceMs)
    await new Promise<void>((resolve) => {
      this.#idle = resolve
      this.#tellIdle()
    })
    clearTimeout(grace)
    await this.#exchange.close()
  }

  #pump(): void {
    if (this.#stopping.signal.aborted) return
    const nowMs = steadyNow()
    const { notBefore, mayOpen } = this.#health
    while (nowMs >= notBefore && this.#inFlight < mayOpen && this.#unsettled < this.#maxUnsettled) {
      const delivery = this.#window.take(nowMs)
      if (delivery === null) break
      void this.#attempt(delivery)
    }
    this.#arm(nowMs, notBefore)
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const startedAt = Date.now()
    const steadyStart = steadyNow()
    const started = performance.now()
    const number = delivery.attempts + 1
    this.#inFlight += 1
    this.#unsettled += 1
    failpoint('before post')
    const outcome = await this.post(delivery, number, new Date(startedAt))
    this.#inFlight -= 1
    this.#ended += 1
    if (outcome !== null) {
      const durationMs = performance.now() - started
      const { status, error } = outcome
      const attempt = { deliveryId: delivery.id, number, startedAt, durationMs, status, error }
      const settlement = settlementOf(delivery, attempt, this.#health.judge(outcome, number, steadyStart))
      this.#pump()
      failpoint('before settle')
      const { journal, endpoint, log } = this.#options
      const isSettled = await settleDurably(journal, settlement, endpoint.name, log, this.#stopping.signal)
      failpoint('after settle')
      if (isSettled) {
        this.#window.settled(settlement)
        this.#log.write(settlement)
        this.#options.settled(delivery, attempt, settlement.tag)
      }
    }
    this.#unsettled -= 1
    this.#pump()
    this.#tellIdle()
  }

  /** One exchange, and nothing around it. Null: it was given up because the daemon stops. */
  post(delivery: Delivery, number: number, at: Date, isReplay = false): Promise<Outcome | null> {
    return this.#exchange.post(delivery, number, at, isReplay)
  }

  /** Wakes at the next moment at which something may be sent that may not now. */
  #arm(nowMs: number, notBefore: number): void {
    const at = Math.max(notBefore, this.#window.notBefore)
    if (at === this.#armedFor && at > nowMs) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#armedFor = at
    // What may be sent now and was not taken, for want of room, is taken when an open request ends.
    this.#timer =
      at > nowMs && Number.isFinite(at) ? setTimeout(() => this.#fire(), Math.min(maxTimerMs, at - nowMs)) : null
  }

  #fire(): void {
    this.#armedFor = 0
    this.#pump()
  }

  #tellIdle(): void {
    if (this.#stopping.signal.aborted && this.#unsettled === 0) this.#idle?.()
  }
}

function settlementOf(delivery: Delivery, attempt: Attempt, decision: Decision): Settlement {
  if (decision.tag === 'retry') return { tag: decision.tag, delivery, attempt, retryAt: decision.retryAt }
  return { tag: decision.tag, delivery, attempt }
}
