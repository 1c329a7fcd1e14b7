// Waiting lanes: by which clock they wait, and what ends the waits of an endpoint before their time. What holds for all of them is
// one row an endpoint, so that a recovery is one write however many lanes wait.
import type { GroupCommit } from './group-commit.js'
import { JournalClock } from './journal-clock.js'
import type { Sqlite } from './sqlite.js'

/** Times of the journal's clock (ms); 0: never. */
export interface EndpointMark {
  /** Lanes that were last tried up to here are due, whatever their schedule says. */
  readonly releasedAt: number
  /** The endpoint's Retry-After. */
  readonly pausedUntil: number
  /** The last attempt of all that wait got no answer. */
  readonly isUnanswered: boolean
}

/** Which waiting lanes an operator wants to be tried now. Every part narrows; none is all of them. */
export interface WaitSelection {
  readonly endpoint?: string
  /** External id. */
  readonly appointment?: string
}

export interface Released {
  readonly endpoints: readonly string[]
  /** Lanes. */
  readonly count: number
}

const putReleased = `
  INSERT INTO endpoint_mark (endpoint, released_at) VALUES (?, ?)
  ON CONFLICT (endpoint) DO UPDATE SET released_at = max(released_at, excluded.released_at)`
const putPaused = `
  INSERT INTO endpoint_mark (endpoint, paused_until) VALUES (?, ?)
  ON CONFLICT (endpoint) DO UPDATE SET paused_until = max(paused_until, excluded.paused_until)`

const lastAttempt = `
  SELECT a.status FROM lane_wait w JOIN attempt a ON a.delivery_id = w.delivery_id
   WHERE w.endpoint = ? ORDER BY w.tried_at DESC, a.started_at DESC LIMIT 1`

export class Waits {
  #clock: JournalClock | null = null

  constructor(
    private readonly sqlite: Sqlite,
    private readonly commits: GroupCommit,
  ) {}

  /** Unix ms that never go back. */
  now(): number {
    return this.#theClock().now()
  }

  /** To be called now and then: after the next start, waits go on although the system's clock was set back meanwhile. */
  async noteClock(): Promise<void> {
    const clock = this.#theClock()
    if (clock.isStepped) await this.commits.write(() => clock.note())
  }

  markOf(endpoint: string): EndpointMark {
    const row = this.sqlite.get('SELECT released_at, paused_until FROM endpoint_mark WHERE endpoint = ?', [endpoint])
    const last = this.sqlite.get(lastAttempt, [endpoint])
    return {
      releasedAt: Number(row?.['released_at'] ?? 0),
      pausedUntil: Number(row?.['paused_until'] ?? 0),
      isUnanswered: last !== null && last['status'] === null,
    }
  }

  /** All lanes of the endpoint that were last tried up to `at` are due from now on. */
  release(endpoint: string, at: number): Promise<void> {
    return this.commits.writeAlong(() => {
      this.sqlite.run(putReleased, [endpoint, at])
    })
  }

  /** An operator wants what waits to be tried now. */
  releaseSelected({ endpoint, appointment }: WaitSelection): Promise<Released> {
    const of = endpoint === undefined ? [] : [endpoint]
    const count = `SELECT endpoint, count(*) AS n FROM lane_wait ${of.length > 0 ? 'WHERE endpoint = ?' : ''} GROUP BY endpoint`
    const tryNow = 'UPDATE lane_wait SET tried_at = 0 WHERE endpoint = ? AND lane = ?'
    return this.commits.write(() => {
      const waiting = this.sqlite.all<{ endpoint: string; n: number }>(count, of)
      const isMeant = ({ endpoint: name }: { endpoint: string }) =>
        this.sqlite.run(tryNow, [name, `appointment ${appointment}`]).changes > 0
      const found = appointment === undefined ? waiting : waiting.filter(isMeant).map((one) => ({ ...one, n: 1 }))
      if (appointment === undefined) for (const one of found) this.sqlite.run(putReleased, [one.endpoint, this.now()])
      return { endpoints: found.map((one) => one.endpoint), count: found.reduce((sum, { n }) => sum + n, 0) }
    })
  }

  /** The journal may be open for reading alone: only who waits or ends a wait asks for the clock. */
  #theClock(): JournalClock {
    this.#clock ??= new JournalClock(this.sqlite)
    return this.#clock
  }
}

/** Within a transaction. */
export function pauseUntil(sqlite: Sqlite, endpoint: string, until: number): void {
  sqlite.run(putPaused, [endpoint, Math.round(until)])
}
