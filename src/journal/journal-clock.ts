// The clock that waits are kept by: it goes on where it was, whatever is done to the system's. In: the system's clock and what the
// journal noted last. Out: unix ms that never go back, in this process or the next. Owns that a wait lasts as long as its step of
// the schedule though the system's clock is set back, also where the daemon is started again behind that.
import { steadyNow } from '../base/time.js'
import type { Sqlite } from './sqlite.js'

const latestQuery = `
  SELECT max(at) AS at FROM (
    SELECT max(tried_at) AS at FROM lane_wait UNION ALL SELECT max(released_at) FROM endpoint_mark)`

/** Smaller differences are the drift of two clocks. */
const noticedMs = 500

export class JournalClock {
  /** Ahead of the process's own clock. */
  readonly #aheadOfSteady: number
  #noted: number

  constructor(private readonly sqlite: Sqlite) {
    this.#noted = Number(sqlite.get('SELECT ahead_ms FROM clock')?.['ahead_ms'] ?? 0)
    const latest = Number(sqlite.get(latestQuery)?.['at'] ?? 0)
    this.#aheadOfSteady = Math.max(Date.now() + this.#noted, latest) - steadyNow()
  }

  now(): number {
    return steadyNow() + this.#aheadOfSteady
  }

  /** Whether the system's clock was set since this was last noted. */
  get isStepped(): boolean {
    return Math.abs(this.#ahead() - this.#noted) >= noticedMs
  }

  /** Within a transaction. */
  note(): void {
    const ahead = this.#ahead()
    const put =
      'INSERT INTO clock (id, ahead_ms) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET ahead_ms = excluded.ahead_ms'
    this.sqlite.run(put, [ahead])
    this.#noted = ahead
  }

  /** 0 where the system's clock was set forward: a machine that slept makes nothing wait for longer. */
  #ahead(): number {
    return Math.max(0, this.now() - Date.now())
  }
}
