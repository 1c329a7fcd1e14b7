// Looks at the slot four times a second, as the server's operator would: how much WAL it has not confirmed, how much it
// keeps from being removed.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { slot } from './site.js'

export interface SlotSight {
  /** current − confirmed_flush, in bytes. */
  readonly unconfirmed: number
  /** current − restart_lsn, in bytes. */
  readonly retained: number
  /** The walsender that has it; null: none. */
  readonly activePid: number | null
}

export async function look(sql: pg.Pool): Promise<SlotSight> {
  const { rows } = await sql.query<{ unconfirmed: string; retained: string; pid: number | null }>(
    `SELECT pg_current_wal_lsn() - confirmed_flush_lsn AS unconfirmed, pg_current_wal_lsn() - restart_lsn AS retained,
            active_pid AS pid FROM pg_replication_slots WHERE slot_name = $1`,
    [slot],
  )
  const [row] = rows
  if (row === undefined) throw new Error('the slot is gone')
  return { unconfirmed: Number(row.unconfirmed), retained: Number(row.retained), activePid: row.pid }
}

export class SlotWatch implements AsyncDisposable {
  mostUnconfirmed = 0
  mostRetained = 0
  readonly #ending = new AbortController()
  readonly #looking: Promise<void>

  constructor(private readonly sql: pg.Pool) {
    this.#looking = this.#watch()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await this.#looking
  }

  async #watch(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const { unconfirmed, retained } = await look(this.sql)
      this.mostUnconfirmed = Math.max(this.mostUnconfirmed, unconfirmed)
      this.mostRetained = Math.max(this.mostRetained, retained)
      await sleep(250)
    }
  }
}

/** How long until the slot retains less than `bytes`, in ms; null: not within `forMs`. */
export async function untilRetainedBelow(sql: pg.Pool, bytes: number, forMs: number): Promise<number | null> {
  const began = performance.now()
  while (performance.now() - began < forMs) {
    if ((await look(sql)).retained < bytes) return performance.now() - began
    await sleep(250)
  }
  return null
}
