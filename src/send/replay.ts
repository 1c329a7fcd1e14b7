// A replay's walk over its range: slices of stored deliveries in, what came of each recorded, so that a daemon that was
// killed goes on where it was. In order within a lane; lanes side by side (spec section 9).
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReplayedDelivery, ReplayPlace, ReplaySelection, ReplaySlice } from '../journal/replay-range.js'
import type { Replay, ReplayProgress } from '../journal/replays.js'
import { Pace, Replayed, type ReplayedOptions, type Result } from './replayed.js'

export interface ReplayerOptions extends ReplayedOptions {
  readonly journal: ReplayedOptions['journal'] & {
    readonly replays: {
      read(selection: ReplaySelection, after: ReplayPlace | null): ReplaySlice
      record(progress: ReplayProgress): Promise<void>
      get(id: number): { readonly stopped: boolean } | null
    }
  }
}

const recordEveryMs = 500

/**
 * Resolves when it is finished, when an operator stopped it, or when the signal did: then the next start goes on.
 * @throws JournalError where its progress could not be written; what was sent since is sent again.
 */
export async function runReplay({ id, selection, rate, doneUpTo }: Replay, options: ReplayerOptions): Promise<void> {
  const { replays } = options.journal
  const pace = new Pace(rate)
  const stopped = new AbortController()
  const signal = AbortSignal.any([options.signal, stopped.signal])
  const look = () => {
    if (replays.get(id)?.stopped !== false) stopped.abort()
  }
  look()
  for (let after = doneUpTo; !signal.aborted; ) {
    const { deliveries, end } = replays.read(selection, after)
    const results: (Result | null)[] = []
    const sending = sendAll(deliveries, results, (delivery) => new Replayed(delivery, pace, options, signal).send())
    const window = new Window(id, deliveries, results)
    try {
      for (let isSent = false; !isSent; ) {
        isSent = await Promise.race([sending.then(() => true), sleep(recordEveryMs, false)])
        look()
        await window.record(replays)
      }
    } finally {
      if (results.length < deliveries.length) stopped.abort()
      await sending
    }
    if (end === null || results.includes(null)) break
    after = end
  }
  if (options.signal.aborted) return
  await replays.record({ id, doneUpTo: null, delivered: 0, failures: [], finished: true })
}

/** Fills `results` at the deliveries' places; null: given up. */
async function sendAll(
  deliveries: readonly ReplayedDelivery[],
  results: (Result | null)[],
  send: (delivery: ReplayedDelivery) => Promise<Result | null>,
): Promise<void> {
  const lanes = new Map<string, Promise<void>>()
  for (const [at, delivery] of deliveries.entries()) {
    const lane = JSON.stringify([delivery.endpoint, delivery.lane])
    const sent = (lanes.get(lane) ?? Promise.resolve()).then(async () => {
      results[at] = await send(delivery)
    })
    lanes.set(lane, sent)
  }
  await Promise.all(lanes.values())
}

/** The part of a slice, from its beginning, that has ended: only that may be recorded as done. */
class Window {
  #recorded = 0

  constructor(
    private readonly id: number,
    private readonly deliveries: readonly ReplayedDelivery[],
    private readonly results: readonly (Result | null | undefined)[],
  ) {}

  async record(replays: { record(progress: ReplayProgress): Promise<void> }): Promise<void> {
    let end = this.#recorded
    while ((this.results[end] ?? null) !== null) end += 1
    const last = this.deliveries[end - 1]
    if (end === this.#recorded || last === undefined || last.commitLsn === null) return
    const ended = this.deliveries.slice(this.#recorded, end).map((delivery, at) => ({
      delivery,
      result: this.results[this.#recorded + at],
    }))
    const failures = ended.flatMap(({ delivery: { webhookId, endpoint }, result }) =>
      result?.tag === 'failed' ? [{ webhook_id: webhookId, endpoint, error: result.error }] : [],
    )
    const doneUpTo = { commitLsn: last.commitLsn, id: last.id }
    this.#recorded = end
    await replays.record({
      id: this.id,
      doneUpTo,
      delivered: ended.length - failures.length,
      failures,
      finished: false,
    })
  }
}
