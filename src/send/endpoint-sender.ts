// Pays what is owed to one endpoint: keeps as many requests open as the endpoint may have, settles each outcome in the journal,
// and only then lets the lane go on. Knows nothing of other endpoints.
import { errorCode } from '../base/errors.js'
import type { Log } from '../base/log.js'
import type { Attempt, Delivery, DeliveryJournal, Settlement } from '../journal/delivery.js'
import { failpoint } from '../journal/failpoint.js'
import { Alarm } from './alarm.js'
import { AttemptLog } from './attempt-log.js'
import { DeliveryWindow } from './delivery-window.js'
import type { Endpoint } from './endpoint.js'
import { Exchange, type ExchangeOptions } from './exchange.js'
import { Health, type SenderState } from './health.js'
import type { ProbeIntervals } from './probe.js'
import { isNotSent, type Outcome } from './retry-policy.js'
import { settleDurably } from './settle-durably.js'
import { settlementOf, triedOf } from './settlement.js'

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

export class EndpointSender {
  readonly #options: SenderOptions
  readonly #window: DeliveryWindow
  readonly #health: Health
  readonly #exchange: Exchange
  readonly #log: AttemptLog
  readonly #alarm = new Alarm(() => this.#pump())
  readonly #maxUnsettled: number
  #isOff = false
  #inFlight = 0
  #ended = 0
  #usualMs = 0
  /** Of these, requests of replays. */
  #held = 0
  #unsettled = 0
  readonly #stopping = new AbortController()
  #idle: (() => void) | null = null

  constructor(options: SenderOptions) {
    const { endpoint, journal, log } = options
    const { pausedUntil, isUnanswered } = journal.waits.markOf(endpoint.name)
    this.#options = options
    this.#window = new DeliveryWindow(journal, endpoint.name, Math.max(inMemory, 4 * endpoint.concurrency))
    const now = () => this.now()
    const recovered = () => this.#release(this.now())
    const { probeMs } = options
    this.#health = new Health({ endpoint, log, now, probeMs, pausedUntil, isDoubtful: isUnanswered, recovered })
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

  /** What an exchange takes that succeeds, of late; 0: none is open. */
  get usualMs(): number {
    return this.#inFlight === 0 ? 0 : this.#usualMs
  }

  /** Nothing new is sent: it is disabled, or left the config. */
  get isOff(): boolean {
    return this.#isOff
  }

  /** The journal's clock (unix ms). */
  now(): number {
    return this.#options.journal.waits.now()
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

  /** The endpoint's config is another from now on; what is open ends as it began. Null: nothing more is sent. */
  replace(endpoint: Endpoint | null): void {
    const wasOff = this.#isOff
    this.#isOff = endpoint === null
    if (endpoint === null) return
    const isReachedAnew = this.#exchange.replace(endpoint)
    this.#health.replace(endpoint)
    // What was owed meanwhile, and what commands did to it, is not known.
    if (wasOff) this.#window.rewind()
    if (isReachedAnew) this.#health.hurry()
    if (isReachedAnew || wasOff) this.#release(this.now())
    this.#pump()
  }

  /** What an operator wants to be tried now is marked in the journal: as far as Retry-After and concurrency let it. */
  retry(): void {
    this.#health.hurry()
    this.#window.release(this.#options.journal.waits.markOf(this.#options.endpoint.name).releasedAt)
    this.#pump()
  }

  /** What was settled before is owed again: reads from the beginning. */
  rewind(): void {
    this.#window.rewind()
    this.#pump()
  }

  /**
   * A replay asks for a lane and for one of the endpoint's open requests. False: live deliveries are before it, or nothing
   * may be sent now. What it was given it gives back with `letGo`.
   */
  hold(lane: string): boolean {
    const { mayOpen, notBefore } = this.#health
    const ofReplays = Math.max(1, Math.floor(mayOpen / 4))
    if (this.#stopping.signal.aborted || this.#isOff || this.now() < notBefore) return false
    if (this.#held >= ofReplays || this.#inFlight >= mayOpen || !this.#window.hold(lane)) return false
    this.#inFlight += 1
    this.#held += 1
    return true
  }

  /** The replay's request has ended, begun at `startedAt` (of `now`); null: it was given up. */
  letGo(lane: string, outcome: Outcome | null, startedAt: number): void {
    if (outcome !== null && isNotSent(outcome)) this.#health.ours(outcome)
    else if (outcome !== null) this.#health.judge(outcome, { number: 1, steps: 0, dueInMs: null }, startedAt)
    this.#inFlight -= 1
    this.#held -= 1
    this.#window.letGo(lane)
    this.#pump()
  }

  /** No new request. Open ones may end until `graceMs` have passed; what they settled is in the journal then. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort()
    this.#alarm.stop()
    const grace = setTimeout(() => this.#exchange.abort(), graceMs)
    await new Promise<void>((resolve) => {
      this.#idle = resolve
      this.#tellIdle()
    })
    clearTimeout(grace)
    await this.#exchange.close()
  }

  /** One exchange, and nothing around it. Null: it was given up because the daemon stops. */
  post(delivery: Delivery, number: number, at: Date, isReplay = false): Promise<Outcome | null> {
    return this.#exchange.post(delivery, number, at, isReplay)
  }

  #pump(): void {
    if (this.#stopping.signal.aborted || this.#isOff) return
    const nowMs = this.now()
    const { notBefore, mayOpen } = this.#health
    let mayTake = false
    while (nowMs >= notBefore && this.#inFlight < mayOpen && this.#unsettled < this.#maxUnsettled) {
      const delivery = this.#window.take(nowMs) ?? this.#takeEarly(nowMs)
      mayTake = delivery === null
      if (delivery === null) break
      void this.#attempt(delivery)
    }
    // What may be sent now and was not taken, for want of room, is taken when an open request ends.
    if (mayTake && this.#window.isReading) this.#alarm.soon()
    else this.#alarm.set(Math.max(notBefore, Math.min(this.#window.notBefore, this.#seekAt)), nowMs)
  }

  /** Whether an endpoint answers that did not is found out by a lane that waits, where none is due. */
  #takeEarly(nowMs: number): Delivery | null {
    return nowMs >= this.#seekAt && !this.#window.isReading ? this.#window.takeEarly(nowMs) : null
  }

  get #seekAt(): number {
    return this.#unsettled > 0 ? Number.POSITIVE_INFINITY : this.#health.seekAt
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const startedAt = Date.now()
    const triedAt = this.now()
    const started = performance.now()
    const number = delivery.attempts + 1
    this.#inFlight += 1
    this.#unsettled += 1
    failpoint('before post')
    const outcome = await this.post(delivery, number, new Date(startedAt))
    this.#inFlight -= 1
    this.#ended += 1
    if (outcome !== null && isNotSent(outcome)) {
      this.#health.ours(outcome)
      this.#window.putBack(delivery)
    } else if (outcome !== null) {
      const durationMs = performance.now() - started
      const { status, error } = outcome
      if (error === null) this.#usualMs += (durationMs - this.#usualMs) / 8
      const attempt = { deliveryId: delivery.id, number, startedAt, durationMs, status, error }
      const made = { delivery, attempt, triedAt, endedAt: this.now() }
      const settlement = settlementOf(made, this.#health.judge(outcome, triedOf(made), triedAt))
      this.#pump()
      await this.#settle(settlement)
    }
    this.#unsettled -= 1
    this.#pump()
    this.#tellIdle()
  }

  async #settle(settlement: Settlement): Promise<void> {
    const { journal, endpoint, log, settled } = this.#options
    failpoint('before settle')
    const isSettled = await settleDurably(journal, settlement, endpoint.name, log, this.#stopping.signal)
    failpoint('after settle')
    if (!isSettled) return
    this.#window.settled(settlement)
    this.#log.write(settlement)
    settled(settlement.delivery, settlement.attempt, settlement.tag)
  }

  /** All that waits and was last tried up to `at` is due, within the endpoint's concurrency. */
  #release(at: number): void {
    this.#window.release(at)
    const { journal, endpoint, log } = this.#options
    journal.waits.release(endpoint.name, at).catch((error: unknown) => {
      // This process knows it all the same; the next one finds out for itself.
      const facts = { endpoint: endpoint.name, code: errorCode(error) }
      log.error(facts, 'the journal could not take that an endpoint answers again')
    })
  }

  #tellIdle(): void {
    if (this.#stopping.signal.aborted && this.#unsettled === 0) this.#idle?.()
  }
}
