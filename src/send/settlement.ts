// An attempt and what came of it in; what it changes in the journal out. Pure. Owns that an attempt before its time uses up no step
// of the schedule, so that nothing dies sooner than the schedule's sum, however often its endpoint comes and goes.
import type { Attempt, Delivery, Settlement } from '../journal/delivery.js'
import type { Decision, Tried } from './retry-policy.js'

/** Times by the journal's clock (ms). */
export interface Made {
  readonly delivery: Delivery
  readonly attempt: Attempt
  readonly triedAt: number
  readonly endedAt: number
}

/** As the retry policy asks for it. */
export function triedOf({ delivery: { wait }, attempt: { number }, triedAt, endedAt }: Made): Tried {
  if (wait === null) return { number, steps: 0, dueInMs: null }
  const isEarly = triedAt < wait.until
  return { number, steps: wait.steps, dueInMs: isEarly ? Math.max(0, wait.until - endedAt) : null }
}

export function settlementOf({ delivery, attempt, triedAt, endedAt }: Made, decision: Decision): Settlement {
  if (decision.tag === 'delivered') return { tag: 'delivered', delivery, attempt }
  const { pauseMs } = decision
  const pauseUntil = pauseMs === null ? null : endedAt + pauseMs
  if (decision.tag === 'dead') return { tag: 'dead', delivery, attempt, pauseUntil }
  const { waitMs, steps } = decision
  return { tag: 'retry', delivery, attempt, retryAt: endedAt + waitMs, steps, triedAt, pauseUntil }
}
