// Pays what is owed to one endpoint: reads a bounded window of deliveries, keeps as many requests open as the endpoint may
// have, settles each outcome in the journal, and only then lets the lane go on. Knows nothing of other endpoints.
import type { Log } from '../base/log.js'
import { steadyNow } from '../base/time.js'
import type { Attempt, Delivery, DeliveryJournal, Settlement } from '../journal/delivery.js'
import { failpoint } from '../journal/failpoint.js'
import { AttemptLog } from './attempt-log.js'
import type { Endpoint } from './endpoint.js'
import { Exchange, type ExchangeOptions } from './exchange.js'
import { Health, type SenderState } from './health.js'
import { Lanes } from './lanes.js'
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
  readonly #lanes = new Lanes()
  readonly #health: Health
  readonly #exchange: Exchange
  readonly #log: AttemptLog
  readonly #maxInMemory: number
  readonly #maxUnsettled: number
  #cursor = 0
  #mayOweMore = true
  #inFlight = 0
  #ended = 0
  /** Of these, requests of replays. */
  #held = 0
  #unsettled = 0
  /** When the next waiting lane becomes due; in the past: some are due and not yet read. */
  #nextDueAt = 0
  #timer: NodeJS.Timeout | null = null
  #armedFor = 0
  readonly #stopping = new AbortController()
  #idle: (() => void) | null = null

  constructor(options: SenderOptions) {
    const { endpoint, log } = options
    this.#options = options
    this.#health = new Health(endpoint, log, options.probeMs)
    this.#exchange = new Exchange(options)
    this.#log = new AttemptLog(log)
    this.#maxInMemory = Math.max(inMemory, 4 * endpoint.concurrency)
    this.#maxUnsettled = Math.max(unsettled, 3 * endpoint.concurrency)
  }

  get state(): SenderState {
    const { isProbing, pausedUntil } = this.#health
    return { inFlight: this.#inFlight, lanes: this.#lanes.count, isProbing, pausedUntil }
  }

  /** Requests that have ended so far, however they did. */
  get ended(): number {
    return this.#ended
  }

  /** Something new may be owed. */
  wake(): void {
    this.#mayOweMore = true
    this.#pump()
  }

  /** The endpoint's URL, headers, secrets or certificates are others from now on; nothing else of it changes. */
  replace(endpoint: Endpoint): void {
    this.#exchange.replace(endpoint)
  }

  /** What was settled before is owed again: reads from the beginning. */
  rewind(): void {
    this.#lanes.forgetUnopened()
    this.#cursor = 0
    this.wake()
  }

  /**
   * A replay asks for a lane and for one of the endpoint's open requests. False: live deliveries are before it, or nothing
   * may be sent now. What it was given it gives back with `release`.
   */
  hold(lane: string): boolean {
    const { mayOpen, notBefore } = this.#health
    const ofReplays = Math.max(1, Math.floor(mayOpen / 4))
    if (this.#stopping.signal.aborted || steadyNow() < notBefore) return false
    if (this.#held >= ofReplays || this.#inFlight >= mayOpen || !this.#lanes.hold(lane)) return false
    this.#inFlight += 1
    this.#held += 1
    return true
  }

  /** The replay's request has ended, begun at `startedAt` (unix ms, steady); null: it was given up. */
  release(lane: string, outcome: Outcome | null, startedAt: number): void {
    if (outcome !== null) this.#health.judge(outcome, 1, startedAt)
    this.#inFlight -= 1
    this.#held -= 1
    this.#lanes.release(lane)
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
      if (this.#lanes.size <= this.#maxInMemory / 2) this.#read(nowMs)
      const delivery = this.#lanes.take()
      if (delivery === null) break
      void this.#attempt(delivery)
    }
    this.#arm(nowMs, notBefore)
  }

  /** Fills the window while other lanes are still being served, so that a few long lanes cannot keep all others out. */
  #read(nowMs: number): void {
    const { journal, endpoint } = this.#options
    const { name } = endpoint
    const room = this.#maxInMemory - this.#lanes.size
    if (nowMs >= this.#nextDueAt) {
      // A lane that is open now still stands in the journal as waiting and due.
      const limit = room + this.#lanes.count
      const due = journal.loadDue(name, nowMs, limit)
      for (const delivery of due) this.#lanes.addDue(delivery)
      this.#nextDueAt = due.length === limit ? nowMs : (journal.nextDueAt(name, nowMs) ?? Number.POSITIVE_INFINITY)
    }
    if (this.#mayOweMore) {
      const owed = journal.loadOwed(name, this.#cursor, room)
      this.#mayOweMore = owed.length === room
      this.#cursor = owed.at(-1)?.id ?? this.#cursor
      for (const delivery of owed) this.#lanes.add(delivery)
    }
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
      if (isSettled) this.#finish(settlement)
    }
    this.#unsettled -= 1
    this.#pump()
    this.#tellIdle()
  }

  /** One exchange, and nothing around it. Null: it was given up because the daemon stops. */
  post(delivery: Delivery, number: number, at: Date, isReplay = false): Promise<Outcome | null> {
    return this.#exchange.post(delivery, number, at, isReplay)
  }

  #finish(settlement: Settlement): void {
    const { delivery, attempt, tag } = settlement
    const { journal, endpoint } = this.#options
    if (tag === 'retry') {
      this.#lanes.waits(delivery)
      this.#nextDueAt = Math.min(this.#nextDueAt, settlement.retryAt)
    } else {
      const readOn = (limit: number) => journal.loadLane(endpoint.name, delivery.lane, limit)
      this.#lanes.settled(delivery, readOn)
    }
    this.#log.write(settlement)
    this.#options.settled(delivery, attempt, tag)
  }

  /** Wakes at the next moment at which something may be sent that may not now. */
  #arm(nowMs: number, notBefore: number): void {
    const hasMore = this.#lanes.hasReady || this.#mayOweMore
    const at = hasMore ? notBefore : Math.max(notBefore, this.#nextDueAt)
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
