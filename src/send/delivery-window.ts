// What one endpoint is owed, as much of it as may be in memory: read from the journal in the order of ids, or taken as the
// append gave it. Owns that nothing owed is passed over, and that reading goes on while lanes are being served, so that a few
// long ones cannot keep all others out.
import type { Delivery, DeliveryJournal, Settlement } from '../journal/delivery.js'
import { Lanes } from './lanes.js'

export class DeliveryWindow {
  readonly #lanes = new Lanes()
  /** What is owed up to here is in memory, waits, or stands behind what does. */
  #cursor = 0
  #mayOweMore = true
  /** When the next waiting lane becomes due; in the past: some are due and not yet read. */
  #nextDueAt = 0
  /** Lanes that were last tried up to here are due, whatever their schedule says. */
  #releasedAt: number
  /** There may be such, not yet read. */
  #mayBeReleased = true

  /** @param size deliveries in memory */
  constructor(
    private readonly journal: DeliveryJournal,
    private readonly endpoint: string,
    private readonly size: number,
  ) {
    this.#releasedAt = journal.waits.markOf(endpoint).releasedAt
  }

  /** Lanes in memory. */
  get lanes(): number {
    return this.#lanes.count
  }

  /** When `take` may give something (unix ms): 0, at once; infinity, when something else has happened. */
  get notBefore(): number {
    return this.#lanes.hasReady || this.#mayOweMore || this.#mayBeReleased ? 0 : this.#nextDueAt
  }

  /** `take` gave nothing, and may give something when it is asked again: one look at the journal passes only so much. */
  get isReading(): boolean {
    return !this.#lanes.hasReady && (this.#mayOweMore || this.#mayBeReleased) && this.#hasRoom
  }

  /** Something new may be owed. */
  wake(): void {
    this.#mayOweMore = true
  }

  /**
   * These are newly owed, in this order: taken as they are where all that was owed before is known and no lane waits, else
   * read in their turn. The cursor stays, so what was appended meanwhile by others is still read; nothing is taken twice,
   * because a lane in memory knows its last id, and what has left memory is owed no more.
   */
  owe(deliveries: readonly Delivery[]): void {
    const knowsAll = !this.#mayOweMore && this.#nextDueAt === Number.POSITIVE_INFINITY
    if (!knowsAll || this.#lanes.size + deliveries.length > this.size) this.#mayOweMore = true
    else for (const delivery of deliveries) if (delivery.id > this.#cursor) this.#lanes.add(delivery)
  }

  /** What was settled before is owed again: reads from the beginning, lanes that had become due too. */
  rewind(): void {
    this.#lanes.forgetUnopened()
    this.#cursor = 0
    this.#mayOweMore = true
    this.#mayBeReleased = true
    this.#nextDueAt = 0
  }

  /** All that waits and was last tried up to `at` is due from now on. */
  release(at: number): void {
    this.#releasedAt = Math.max(this.#releasedAt, at)
    this.#mayBeReleased = true
  }

  /** The next delivery to send; its lane gives no other until it is settled. Null: none is ready. */
  take(nowMs: number): Delivery | null {
    if (this.#hasRoom) this.#fill(nowMs)
    return this.#lanes.take()
  }

  /** That of the lane that was least recently tried of all that wait, before its time. Null: none waits. */
  takeEarly(nowMs: number): Delivery | null {
    // Lanes in memory still stand in the journal as waiting.
    const waiting = this.journal.loadTried(this.endpoint, nowMs, this.#lanes.count + 1)
    for (const delivery of waiting) if (!this.#lanes.hasReady) this.#lanes.addDue(delivery)
    return this.#lanes.take()
  }

  /** Its outcome is in the journal. */
  settled(settlement: Settlement): void {
    const { delivery } = settlement
    if (settlement.tag === 'retry') {
      this.#lanes.waits(delivery)
      this.#nextDueAt = Math.min(this.#nextDueAt, settlement.retryAt)
      // It was open when the endpoint answered again.
      if (settlement.triedAt <= this.#releasedAt) this.#mayBeReleased = true
    } else this.#lanes.settled(delivery, (limit) => this.journal.loadLane(this.endpoint, delivery.lane, limit))
  }

  /** It was taken, and not sent. */
  putBack(delivery: Delivery): void {
    this.#lanes.putBack(delivery)
  }

  /** Takes a lane in which nothing live is in memory for a replay's request; false: there is. */
  hold(lane: string): boolean {
    return this.#lanes.hold(lane)
  }

  letGo(lane: string): void {
    this.#lanes.release(lane)
  }

  get #hasRoom(): boolean {
    return this.#lanes.size <= this.size / 2
  }

  #fill(nowMs: number): void {
    const room = this.size - this.#lanes.size
    if (nowMs >= this.#nextDueAt) {
      // A lane that is open now still stands in the journal as waiting and due.
      const limit = room + this.#lanes.count
      const due = this.journal.loadDue(this.endpoint, nowMs, limit)
      for (const delivery of due) this.#lanes.addDue(delivery)
      const next = this.journal.nextDueAt(this.endpoint, nowMs)
      this.#nextDueAt = due.length === limit ? nowMs : (next ?? Number.POSITIVE_INFINITY)
    }
    if (this.#mayBeReleased) {
      const limit = room + this.#lanes.count
      const released = this.journal.loadTried(this.endpoint, this.#releasedAt, limit)
      for (const delivery of released) this.#lanes.addDue(delivery)
      this.#mayBeReleased = released.length === limit
    }
    if (this.#mayOweMore) {
      const { deliveries, upTo, isMore } = this.journal.loadOwed(this.endpoint, this.#cursor, room)
      this.#mayOweMore = isMore
      this.#cursor = upTo
      for (const delivery of deliveries) this.#lanes.add(delivery)
    }
  }
}
