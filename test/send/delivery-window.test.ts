// The law of the window: whatever comes, fails and is read in whichever order, each delivery is open once, in its lane's
// order, and none is forgotten. On a real journal.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import type { Delivery, Settlement } from '../../src/journal/delivery.js'
import { Journal } from '../../src/journal/journal.js'
import { DeliveryWindow } from '../../src/send/delivery-window.js'
import { appointment, change, source } from '../compute/changes.js'
import { quickFolder } from '../support/quick-folder.js'

type Step =
  /** Given as they are, or only told of. */
  | { readonly tag: 'append'; readonly lanes: readonly number[]; readonly isGiven: boolean }
  /** By another than the pipeline, in a lane of its own, and told of later. */
  | { readonly tag: 'notice' }
  | { readonly tag: 'wake' }
  | { readonly tag: 'take' }
  | { readonly tag: 'settle'; readonly which: number; readonly outcome: Settlement['tag'] }
  /** Time passes until retries are due. */
  | { readonly tag: 'due' }
  /** A replay asks for a lane, and gives the first that it holds back. */
  | { readonly tag: 'hold'; readonly lane: number }
  | { readonly tag: 'let go' }
  /** Dead letters are owed again: everything is read anew. */
  | { readonly tag: 'rewind' }
  /** The endpoint answers again: all that waits is due. */
  | { readonly tag: 'release' }
  /** It is asked although nothing is due. */
  | { readonly tag: 'take early' }
  /** The last one that was taken could not be sent. */
  | { readonly tag: 'put back' }

const lane = fc.nat(2)
const append = fc.record({
  tag: fc.constant('append' as const),
  lanes: fc.array(lane, { minLength: 1, maxLength: 24 }),
  isGiven: fc.boolean(),
})
const outcome = fc.constantFrom<Settlement['tag'][]>('delivered', 'delivered', 'dead', 'retry')
const settle = fc.record({ tag: fc.constant('settle' as const), which: fc.nat(9), outcome })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: append },
  { weight: 4, arbitrary: fc.constant<Step>({ tag: 'take' }) },
  { weight: 4, arbitrary: settle },
  fc.constantFrom<Step[]>({ tag: 'notice' }, { tag: 'wake' }, { tag: 'due' }, { tag: 'let go' }, { tag: 'rewind' }),
  fc.constantFrom<Step[]>({ tag: 'release' }, { tag: 'take early' }, { tag: 'put back' }),
  fc.record({ tag: fc.constant('hold' as const), lane }),
)
const scripts = fc.array(step, { minLength: 20, maxLength: 90, size: 'max' })

test('each delivery is given once until it is settled, in the order of its lane, beside replays, and all are', async () => {
  await fc.assert(
    fc.asyncProperty(scripts, fc.integer({ min: 2, max: 40 }), async (script, size) => {
      await using played = await Played.open(size)
      for (const one of script) await played.step(one)
      await played.toTheEnd()
    }),
    { numRuns: 30 },
  )
}, 120_000) // thousands of fsyncs, on whatever disk there is

test('what a lane has read on is not taken twice from the window that comes to it later', async () => {
  await using played = await Played.open(10)
  await played.step({ tag: 'append', lanes: [0], isGiven: false })
  await played.step({ tag: 'take' })
  await played.step({ tag: 'settle', which: 0, outcome: 'retry' })
  await played.step({ tag: 'append', lanes: [0, 0, 0], isGiven: true })
  await played.step({ tag: 'due' })
  await played.step({ tag: 'take' })
  await played.step({ tag: 'settle', which: 0, outcome: 'delivered' })
  await played.step({ tag: 'wake' })
  await played.toTheEnd()
})

test('where all is known, what is newly owed is taken without asking the journal', async () => {
  await using played = await Played.open(10)
  await played.step({ tag: 'take' })
  await played.step({ tag: 'append', lanes: [0, 1], isGiven: true })
  expect(played.window.lanes).toBe(2)
  await played.toTheEnd()
})

test('no more is taken than fits: the rest is read when there is room', async () => {
  await using played = await Played.open(2)
  await played.step({ tag: 'take' })
  await played.step({ tag: 'append', lanes: [0, 1, 2], isGiven: true })
  expect(played.window.lanes).toBe(0)
  await played.toTheEnd()
})

test('what was read, sent and settled before it is given is not taken again', async () => {
  await using played = await Played.open(10)
  await played.step({ tag: 'append', lanes: [0], isGiven: false })
  const given = played.journal.loadOwed('desk', 0, 10).deliveries
  await played.step({ tag: 'take' })
  await played.step({ tag: 'settle', which: 0, outcome: 'delivered' })
  played.window.owe(given)
  await played.toTheEnd()
})

test('lanes that had become due are tried although dead letters are owed again meanwhile', async () => {
  await using played = await Played.open(10)
  await played.step({ tag: 'append', lanes: [0, 1], isGiven: false })
  await played.step({ tag: 'take' })
  await played.step({ tag: 'take' })
  await played.step({ tag: 'settle', which: 0, outcome: 'retry' })
  await played.step({ tag: 'settle', which: 0, outcome: 'retry' })
  await played.step({ tag: 'due' })
  await played.step({ tag: 'take' })
  await played.step({ tag: 'rewind' })
  await played.toTheEnd()
})

class Played implements AsyncDisposable {
  readonly window: DeliveryWindow
  readonly #open: Delivery[] = []
  readonly #held: string[] = []
  readonly #ended = new Map<string, number[]>()
  /** Nothing is tried at 0: that means that an operator wants it tried. */
  #now = 1
  #owed = 0

  private constructor(
    readonly folder: string,
    readonly journal: Journal,
    size: number,
  ) {
    this.window = new DeliveryWindow(journal, 'desk', size)
  }

  static async open(size: number): Promise<Played> {
    const folder = await quickFolder()
    const journal = await Journal.open(join(folder, 'journal.db'))
    await journal.recordSlotCreated({ slot: 's', source, consistentLsn: 1n as Lsn })
    return new Played(folder, journal, size)
  }

  async step(step: Step): Promise<void> {
    switch (step.tag) {
      case 'append': {
        const appended = await this.#append(step.lanes)
        return step.isGiven ? this.window.owe(appended) : this.window.wake()
      }
      case 'notice':
        await this.#append([9])
        return
      case 'wake':
        return this.window.wake()
      case 'take':
        this.#take()
        return
      case 'settle':
        return this.#settle(step.which, step.outcome)
      case 'due':
        this.#now += 1
        return
      case 'hold':
        return this.#hold(`appointment lane ${step.lane}`)
      case 'let go':
        return this.#letGo()
      case 'release':
        await this.journal.waits.release('desk', this.#now)
        return this.window.release(this.#now)
      case 'take early':
        this.#taken(this.window.takeEarly(this.#now))
        return
      case 'put back': {
        const delivery = this.#open.pop()
        if (delivery !== undefined) this.window.putBack(delivery)
        return
      }
      case 'rewind':
        return this.window.rewind()
      default:
        step satisfies never
    }
  }

  /** Pays all that is owed; every delivery was given and ended once, in its lane's order. */
  async toTheEnd(): Promise<void> {
    while (this.#held.length > 0) this.#letGo()
    this.window.wake()
    this.#now += 1
    for (let isPaying = true; isPaying; ) {
      isPaying = this.#take() || this.#open.length > 0
      await this.#settle(0, 'delivered')
    }
    for (const ids of this.#ended.values()) expect(ids).toEqual([...ids].sort((a, b) => a - b))
    const all = [...this.#ended.values()].flat()
    expect(new Set(all).size).toBe(all.length)
    expect(all.length).toBe(this.#owed)
    expect(this.window.lanes).toBe(0)
    expect(this.journal.debts().filter((debt) => debt.owed > 0)).toEqual([])
  }

  #take(): boolean {
    // One look at the journal may pass only what waits.
    let delivery = this.window.take(this.#now)
    while (delivery === null && this.window.isReading) delivery = this.window.take(this.#now)
    return this.#taken(delivery)
  }

  #taken(delivery: Delivery | null): boolean {
    if (delivery === null) return false
    expect(this.#open.map((one) => one.lane)).not.toContain(delivery.lane)
    expect(this.#held).not.toContain(delivery.lane)
    this.#open.push(delivery)
    return true
  }

  async #settle(which: number, outcome: Settlement['tag']): Promise<void> {
    const [delivery] = this.#open.splice(which % Math.max(1, this.#open.length), 1)
    if (delivery === undefined) return
    const number = delivery.attempts + 1
    const attempt = { deliveryId: delivery.id, number, startedAt: 0, durationMs: 0, status: 500, error: 'x' }
    const facts = { delivery, attempt, pauseUntil: null }
    const settlement: Settlement =
      outcome === 'retry'
        ? { ...facts, tag: outcome, retryAt: this.#now + 1, steps: 1, triedAt: this.#now }
        : { ...facts, tag: outcome }
    await this.journal.settle([settlement])
    if (outcome !== 'retry') this.#ended.set(delivery.lane, [...(this.#ended.get(delivery.lane) ?? []), delivery.id])
    this.window.settled(settlement)
  }

  #hold(name: string): void {
    if (!this.window.hold(name)) return
    expect(this.#open.map((delivery) => delivery.lane)).not.toContain(name)
    expect(this.#held).not.toContain(name)
    this.#held.push(name)
  }

  #letGo(): void {
    const name = this.#held.shift()
    if (name !== undefined) this.window.letGo(name)
  }

  async #append(names: readonly number[]): Promise<readonly Delivery[]> {
    const changes = names.map((name, index) => {
      const ordinal = this.#owed + index
      const one = change({
        ordinal,
        appointment: { ...appointment, id: String(name), externally_exposable_id: `lane ${name}` },
      })
      const to = { protocol: 'P', endpoint: 'desk', url: null, notification: 'created' }
      const notification = { ...to, headers: {}, body: '{}', webhookId: `msg_${ordinal}` }
      return { ...one, outcomes: [], notifications: [notification] }
    })
    this.#owed += names.length
    const { owed } = await this.journal.append({ source, changes, durableLsn: null, lastCommit: null })
    return owed.get('desk') ?? []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.journal.close()
    await rm(this.folder, { recursive: true })
  }
}
