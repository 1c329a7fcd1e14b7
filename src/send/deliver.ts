// Pays every debt: a sender for each endpoint that is owed something. Endpoints share nothing, so a failing one slows no other.
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../base/errors.js'
import type { Delivery, DeliveryJournal } from '../journal/delivery.js'
import { type Endpoint, isOrigin, unconfiguredEndpoint } from './endpoint.js'
import { EndpointSender, type SenderOptions } from './endpoint-sender.js'

export interface DelivererOptions extends Omit<SenderOptions, 'endpoint' | 'configured'> {
  readonly journal: DeliveryJournal
  readonly endpoints: readonly Endpoint[]
}

const stepMs = 4
const longestPatienceMs = 50
const noteClockMs = 1_000

export class Deliverer {
  readonly #options: DelivererOptions
  #configured: ReadonlyMap<string, Endpoint>
  readonly #senders = new Map<string, EndpointSender>()
  #clock: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: DelivererOptions) {
    this.#options = options
    this.#configured = byName(options.endpoints)
  }

  /** Begins with what the journal says is owed. */
  start(): void {
    const { waits } = this.#options.journal
    this.#clock = setInterval(() => {
      waits.noteClock().catch((error: unknown) => {
        this.#options.log.error(
          { code: errorCode(error) },
          'the journal could not take that the clock was set; trying again',
        )
      })
    }, noteClockMs)
    for (const endpoint of this.#options.journal.endpointsOwed()) this.wake(endpoint)
  }

  /** Something may be owed to the endpoint. What is owed to a disabled one, or one that left the config, is kept. */
  wake(name: string): void {
    this.#sender(name)?.wake()
  }

  /** These are newly owed to the endpoint: the journal has them, and gave them their ids in this order. */
  owe(name: string, deliveries: readonly Delivery[]): void {
    this.#sender(name)?.owe(deliveries)
  }

  /** An operator wants what waits for the endpoint to be tried now; the journal has it marked. */
  retry(name: string): void {
    this.#sender(name)?.retry()
  }

  /** Dead letters of the endpoint are owed again. */
  rewind(name: string): void {
    this.sender(name)?.rewind()
  }

  /** The endpoints from now on. Objects that are the same did not change; one that is gone is owed, and sent nothing. */
  replace(endpoints: readonly Endpoint[]): void {
    const before = this.#configured
    this.#configured = byName(endpoints)
    for (const name of new Set([...before.keys(), ...this.#configured.keys()])) {
      const endpoint = this.#configured.get(name)
      if (before.get(name) === endpoint) continue
      const sender = this.#senders.get(name)
      if (sender === undefined) this.wake(name)
      else sender.replace(endpoint?.enabled === true ? endpoint : null)
    }
  }

  /**
   * Resolves after `ms`, or earlier when no request has ended for twice as long as one takes: nobody needs the event loop then.
   * On a busy machine a request takes long because nobody has the processor, and its end is waited for all the same.
   */
  async giveWay(ms: number): Promise<void> {
    const until = performance.now() + ms
    let ended = this.#ended()
    let endedAt = performance.now()
    for (let left = ms; left > 0; left = until - performance.now()) {
      await sleep(Math.min(stepMs, left))
      const now = this.#ended()
      if (now !== ended) endedAt = performance.now()
      else if (performance.now() - endedAt >= this.#patienceMs()) return
      ended = now
    }
  }

  /** No new request; open ones may end until `graceMs` have passed. Resolves when all outcomes are in the journal. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#clock)
    await Promise.all([...this.#senders.values()].map((sender) => sender.stop(graceMs)))
  }

  /** For replays; null: the endpoint is disabled, or left the config. */
  sender(name: string): EndpointSender | null {
    const sender = this.#senders.get(name) ?? this.#made(name)
    return sender?.isOff === true ? null : sender
  }

  /** By endpoint. */
  state(): ReadonlyMap<string, EndpointSender['state']> {
    return new Map([...this.#senders].map(([name, sender]) => [name, sender.state]))
  }

  #sender(name: string): EndpointSender | null {
    return this.#isStopped ? null : this.sender(name)
  }

  #patienceMs(): number {
    let usualMs = 0
    for (const sender of this.#senders.values()) usualMs = Math.max(usualMs, sender.usualMs)
    return Math.min(longestPatienceMs, Math.max(stepMs, 2 * usualMs))
  }

  #ended(): number {
    let ended = 0
    for (const sender of this.#senders.values()) ended += sender.ended
    return ended
  }

  #made(name: string): EndpointSender | null {
    const known = this.#configured.get(name)
    const endpoint = known ?? (isOrigin(name) ? unconfiguredEndpoint(name) : null)
    if (endpoint === null || !endpoint.enabled) return null
    const sender = new EndpointSender({ ...this.#options, endpoint, configured: known !== undefined })
    this.#senders.set(name, sender)
    return sender
  }
}

const byName = (endpoints: readonly Endpoint[]): ReadonlyMap<string, Endpoint> =>
  new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]))
