// Dead letters: deliveries whose retries are used up. Kept until an operator sends them again or discards them.
import { formatLsn, toLsn } from '../capture/lsn.js'
import type { Sqlite } from './sqlite.js'
import type { SqliteValue } from './sqlite-driver.js'

export interface DeadLetter {
  readonly webhook_id: string
  readonly endpoint: string
  readonly notification: string
  readonly sequence: number | null
  readonly appointment_external_id: string | null
  readonly lsn: string | null
  readonly attempts: number
  readonly died_at: string
  /** Of the last attempt: `http 500`, `timeout` … */
  readonly error: string | null
}

/** Every part narrows; none selects all. */
export interface DeadLetterSelection {
  readonly webhookId?: string
  readonly endpoint?: string
  /** Those that died before this (unix ms). */
  readonly before?: number
  /** What is owed to an endpoint that left the config can be discarded too. */
  readonly owedToo?: boolean
}

function where({ webhookId, endpoint, before, owedToo }: DeadLetterSelection): [sql: string, values: SqliteValue[]] {
  const parts = [owedToo === true ? "d.state IN ('dead', 'owed')" : "d.state = 'dead'"]
  const values: SqliteValue[] = []
  const add = (sql: string, value: SqliteValue | undefined) => {
    if (value === undefined) return
    parts.push(sql)
    values.push(value)
  }
  add('d.webhook_id = ?', webhookId)
  add('d.endpoint = ?', endpoint)
  add('d.settled_at < ?', before)
  return [parts.join(' AND '), values]
}

interface Row {
  readonly webhook_id: string
  readonly endpoint: string
  readonly notification: string
  readonly sequence: number | null
  readonly appointment_external_id: string | null
  readonly commit_lsn: bigint | null
  readonly attempts: number
  readonly settled_at: number
  readonly error: string | null
}

/** The oldest first, at most `limit`. */
export function listDeadLetters(sqlite: Sqlite, selection: DeadLetterSelection, limit: number): readonly DeadLetter[] {
  const [condition, values] = where(selection)
  const rows = sqlite.all<Row>(
    `SELECT d.webhook_id, d.endpoint, d.notification, d.sequence, d.appointment_external_id, d.commit_lsn, d.attempts,
            d.settled_at, (SELECT error FROM attempt a WHERE a.delivery_id = d.id ORDER BY a.started_at DESC LIMIT 1) AS error
       FROM delivery d WHERE ${condition} ORDER BY d.id LIMIT ?`,
    [...values, limit],
  )
  return rows.map(({ commit_lsn, settled_at, ...row }) => ({
    ...row,
    lsn: commit_lsn === null ? null : formatLsn(toLsn(commit_lsn)),
    died_at: new Date(settled_at).toISOString(),
  }))
}

/** Within a transaction: owed again, with the whole schedule before them. Gives the endpoints, and how many. */
export function retryDeadLetters(
  sqlite: Sqlite,
  selection: DeadLetterSelection,
): { readonly endpoints: readonly string[]; readonly count: number } {
  const [condition, values] = where(selection)
  const found = sqlite.all(`SELECT DISTINCT d.endpoint FROM delivery d WHERE ${condition}`, values)
  const { changes } = sqlite.run(
    `UPDATE delivery AS d SET state = 'owed', attempts = 0, settled_at = NULL, status = NULL WHERE ${condition}`,
    values,
  )
  return { endpoints: found.map((row) => String(row['endpoint'])), count: changes }
}

/** Within a transaction: never sent again, and why. Gives how many. */
export function discardDeadLetters(sqlite: Sqlite, selection: DeadLetterSelection, reason: string): number {
  const [condition, values] = where(selection)
  const ids = `SELECT d.id FROM delivery d WHERE ${condition}`
  sqlite.run(`DELETE FROM lane_wait WHERE delivery_id IN (${ids})`, values)
  const { changes } = sqlite.run(
    `UPDATE delivery AS d SET state = 'discarded', settled_at = ?, reason = ? WHERE ${condition}`,
    [Date.now(), reason, ...values],
  )
  return changes
}
