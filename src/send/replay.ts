// A replay's walk over its range, slice by slice, in order within a lane, lanes side by side (spec section 9). How each
// delivery ended is in the journal before the next one of its lane is sent: a crash repeats what was open, and no more.
import type { ReplayedDelivery, ReplayPlace, ReplaySelection, ReplaySlice } from '../journal/replay-range.js'
import type { Replay } from '../journal/replays.js'
import { Pace, Replayed, type ReplayedOptions } from './replayed.js'

export interface ReplayerOptions extends ReplayedOptions {
  readonly journal: ReplayedOptions['journal'] & {
    readonly replays: {
      read(selection: ReplaySelection, after: ReplayPlace | null): ReplaySlice
      endedOf(id: number): ReadonlySet<number>
      ended(id: number, delivery: ReplayedDelivery, error: string | null): Promise<void>
      moveOn(id: number, place: ReplayPlace | null): Promise<void>
      get(id: number): { readonly stopped: boolean } | null
    }
  }
}

const lookEveryMs = 500

/**
 * Resolves when it is finished, when an operator stopped it, or when the signal did: then the next start goes on.
 * @throws what the journal throws where it could not be written
 */
export async function runReplay({ id, selection, rate, doneUpTo }: Replay, options: ReplayerOptions): Promise<void> {
  const { replays } = options.journal
  const stopped = new AbortController()
  const signal = AbortSignal.any([options.signal, stopped.signal])
  const pace = new Pace(rate)
  const look = () => {
    if (replays.get(id)?.stopped !== false) stopped.abort()
  }
  look()
  const looking = setInterval(look, lookEveryMs)
  const already = replays.endedOf(id)
  try {
    for (let after = doneUpTo; !signal.aborted; ) {
      const { deliveries, end } = replays.read(selection, after)
      await inLanes(deliveries, async (delivery) => {
        if (signal.aborted || already.has(delivery.id)) return
        const result = await new Replayed(delivery, pace, options, signal).send()
        if (result !== null) await replays.ended(id, delivery, result.tag === 'failed' ? result.error : null)
      })
      if (signal.aborted || end === null) break
      await replays.moveOn(id, end)
      after = end
    }
  } catch (error) {
    stopped.abort()
    throw error
  } finally {
    clearInterval(looking)
  }
  if (!options.signal.aborted) await replays.moveOn(id, null)
}

/** Resolves when all have ended; rejects with the first error, then. */
async function inLanes(
  deliveries: readonly ReplayedDelivery[],
  work: (delivery: ReplayedDelivery) => Promise<void>,
): Promise<void> {
  const lanes = new Map<string, Promise<void>>()
  for (const delivery of deliveries) {
    const lane = JSON.stringify([delivery.endpoint, delivery.lane])
    lanes.set(
      lane,
      (lanes.get(lane) ?? Promise.resolve()).then(() => work(delivery)),
    )
  }
  const results = await Promise.allSettled(lanes.values())
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
