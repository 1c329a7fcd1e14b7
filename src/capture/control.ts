// An ordinary connection to the clinical database for looking at catalogs: preflight, slot, publication watch. Also the
// only sign, while the stream is not read, that the server wants to stop.
import type pg from 'pg'
import { type DatabaseAddress, openPool } from './connection.js'
import type { Sql } from './finding.js'

export interface Control extends Sql {
  /** The database's name and what the connection may be told from outside: 57P01 when the server stops. */
  close(): Promise<void>
}

/**
 * Connects lazily, one connection at a time. `onLost` hears of idle connections that the server ended, with the error.
 * `lock_timeout` bounds how long making a slot waits for open transactions.
 */
export function openControl(address: DatabaseAddress, onLost: (error: Error) => void): Control {
  const settings = ['statement_timeout=60s', 'lock_timeout=10s']
  const pool = openPool(address, { settings, max: 1, onLost })
  return {
    query: async <R extends object>(text: string, values?: unknown[]) => {
      const { rows } = await pool.query<R & pg.QueryResultRow>(text, values)
      return { rows }
    },
    close: () => pool.end(),
  }
}
