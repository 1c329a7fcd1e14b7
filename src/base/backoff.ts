// How long to wait before trying again: doubling, capped, with jitter so that many daemons do not return at once.
import { setTimeout as sleep } from 'node:timers/promises'

export interface BackoffOptions {
  readonly firstMs: number
  readonly maxMs: number
  /** Share of the delay that is random, 0 to 1. */
  readonly jitter?: number
}

/** The delay in milliseconds before attempt `attempt` (from 1) is repeated. `random` is in [0, 1). */
export function backoffMs(attempt: number, options: BackoffOptions, random = Math.random()): number {
  const jitter = options.jitter ?? 0.2
  const base = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(base * (1 - jitter + 2 * jitter * random))
}

/** Waits, and returns early (without an error) when the signal is aborted. Resolves to whether the whole time passed. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal })
    return true
  } catch {
    return false
  }
}
