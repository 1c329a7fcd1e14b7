// An ordinary connection to the clinical database for looking at catalogs: preflight, slot, publication watch. Also the
// only sign, while the stream is not read, that the server wants to stop.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type DatabaseAddress, openPool } from './connection.js'
import type { Sql } from './finding.js'

export interface Control extends Sql {
  /** Waits for no answer: a question that is still open fails. */
  close(): Promise<void>
}

const closeMs = 1_000

/**
 * Connects lazily, one connection at a time. `onLost` hears of idle connections that the server ended, with the error.
 * `lock_timeout` bounds how long making a slot waits for open transactions.
 */
export function openControl(address: DatabaseAddress, onLost: (error: Error) => void): Control {
  const settings = ['statement_timeout=60s', 'lock_timeout=10s']
  // Never idle for too long: while nobody asks anything, it is there to be told of the server's end.
  const pool = openPool(address, { settings, max: 1, queryTimeoutMs: 70_000, idleMs: 0, onLost })
  const inUse = new Set<pg.PoolClient>()
  pool.on('acquire', (client) => inUse.add(client))
  pool.on('release', (_, client) => inUse.delete(client))
  return {
    query: async <R extends object>(text: string, values?: unknown[]) => {
      const { rows } = await pool.query<R & pg.QueryResultRow>(text, values)
      return { rows }
    },
    close: async () => {
      const closed = pool.end()
      // The pool would wait for an answer that a frozen network never brings.
      for (const client of inUse) void client.end()
      // A connection that is still being made ends by its own time limit.
      await Promise.race([closed, sleep(closeMs, undefined, { ref: false })])
    },
  }
}
