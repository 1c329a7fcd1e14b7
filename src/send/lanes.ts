// The window of one endpoint's deliveries that is in memory, by lane. Owns the order within a lane: one delivery of a lane is
// open at a time, and the next is given only when that one is settled. What does not fit stays in the journal.
import type { Delivery } from '../journal/delivery.js'

/** Deliveries of one lane in memory; a longer lane is read on when these are settled. */
const maxPerLane = 8

interface Lane {
  /** The first one is open or next. */
  readonly queue: Delivery[]
  /** The journal may hold more of this lane: it is read when the queue is empty. */
  hasMore: boolean
  /** The first one was taken, and is not settled. */
  isOpen: boolean
  /** A replay has a request open in it: live deliveries wait for its end. */
  isHeld: boolean
  lastId: number
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  /** Lanes whose first delivery may be sent, the least recently tried first. */
  readonly #ready: string[] = []
  #size = 0

  /** Deliveries in memory. */
  get size(): number {
    return this.#size
  }

  /** Lanes in memory. */
  get count(): number {
    return this.#lanes.size
  }

  /** Whether `take` has one to give. */
  get hasReady(): boolean {
    return this.#ready.length > 0
  }

  /** In ascending order of ids. What the lane has already, or will read from the journal, is left out. */
  add(delivery: Delivery): void {
    const lane = this.#lanes.get(delivery.lane)
    if (lane === undefined) this.#open(delivery, false)
    else this.#append(lane, delivery)
  }

  /** The first delivery of a lane that was waiting for its retry; more may stand behind it. */
  addDue(delivery: Delivery): void {
    const lane = this.#lanes.get(delivery.lane)
    if (lane === undefined) this.#open(delivery, true)
    else if (lane.isHeld && lane.queue.length === 0) {
      this.#push(lane, delivery)
      lane.hasMore = true
    }
  }

  /** Takes a lane in which nothing live is in memory for a replay's request; false: there is. */
  hold(name: string): boolean {
    if (this.#lanes.has(name)) return false
    this.#lanes.set(name, { queue: [], hasMore: false, isOpen: false, isHeld: true, lastId: 0 })
    return true
  }

  /** The replay's request has ended: what came meanwhile is ready. */
  release(name: string): void {
    const lane = this.#lanes.get(name)
    if (lane === undefined) return
    lane.isHeld = false
    if (lane.queue.length === 0) this.#lanes.delete(name)
    else this.#ready.push(name)
  }

  /** The next delivery to send; its lane gives no other until it is settled. Null: none is ready. */
  take(): Delivery | null {
    const name = this.#ready.shift()
    const lane = name === undefined ? undefined : this.#lanes.get(name)
    if (lane === undefined) return null
    lane.isOpen = true
    return lane.queue[0] ?? null
  }

  /** It was taken and not sent: it is ready again, behind the others. */
  putBack(delivery: Delivery): void {
    const lane = this.#lanes.get(delivery.lane)
    if (lane === undefined) return
    lane.isOpen = false
    this.#ready.push(delivery.lane)
  }

  /**
   * The delivery is durably delivered or dead: the lane goes on. `readOn` reads the first that the journal owes in this
   * lane, at most `limit`.
   */
  settled(delivery: Delivery, readOn: (limit: number) => readonly Delivery[]): void {
    const lane = this.#lanes.get(delivery.lane)
    if (lane === undefined) return
    lane.queue.shift()
    lane.isOpen = false
    this.#size -= 1
    if (lane.queue.length === 0 && lane.hasMore) {
      const next = readOn(maxPerLane)
      lane.hasMore = next.length === maxPerLane
      for (const more of next) this.#push(lane, more)
    }
    if (lane.queue.length === 0) this.#lanes.delete(delivery.lane)
    else this.#ready.push(delivery.lane)
  }

  /** The delivery durably waits for its retry: the lane leaves memory, and comes back through `addDue`. */
  waits(delivery: Delivery): void {
    const lane = this.#lanes.get(delivery.lane)
    if (lane === undefined) return
    this.#size -= lane.queue.length
    this.#lanes.delete(delivery.lane)
  }

  /**
   * What was dead is owed again, with ids below those in memory: only what is open stays, the rest is read again from the
   * journal's beginning.
   */
  forgetUnopened(): void {
    this.#ready.length = 0
    for (const [name, lane] of this.#lanes) {
      const kept = lane.isOpen ? 1 : 0
      this.#size -= lane.queue.length - kept
      lane.queue.length = kept
      lane.hasMore = lane.isOpen
      lane.lastId = 0
      if (!lane.isOpen && !lane.isHeld) this.#lanes.delete(name)
    }
  }

  #open(delivery: Delivery, hasMore: boolean): void {
    const lane: Lane = { queue: [], hasMore, isOpen: false, isHeld: false, lastId: 0 }
    this.#lanes.set(delivery.lane, lane)
    this.#push(lane, delivery)
    this.#ready.push(delivery.lane)
  }

  #append(lane: Lane, delivery: Delivery): void {
    if (lane.hasMore || delivery.id <= lane.lastId) return
    if (lane.queue.length >= maxPerLane) lane.hasMore = true
    else this.#push(lane, delivery)
  }

  #push(lane: Lane, delivery: Delivery): void {
    lane.queue.push(delivery)
    lane.lastId = delivery.id
    this.#size += 1
  }
}
