// Replays: which stored deliveries a range of commits has, and how far each replay has come (spec section 9). What is still
// owed is left to the sender, what was discarded to its reason.
import { UsageError } from '../base/errors.js'
import { formatLsn, type Lsn, parseLsn } from '../capture/lsn.js'
import { type Checkpoint, readCheckpoint } from './checkpoint.js'
import { deliveryColumns, toDelivery } from './deliveries.js'
import type { Delivery } from './delivery.js'
import type { DeliveryRow } from './schema.js'
import type { Sqlite } from './sqlite.js'
import type { SqliteValue } from './sqlite-driver.js'

/** As the command gives it, and as the journal keeps it: LSNs printed, both inclusive. */
export interface ReplaySelection {
  readonly from: string
  readonly to?: string
  readonly endpoint?: string
  readonly only?: string[]
  readonly appointment?: string
}

export interface Replay {
  readonly id: number
  readonly selection: ReplaySelection
  readonly rate: number | null
  readonly total: number
  readonly doneUpTo: number
  readonly delivered: number
  readonly finished: boolean
}

export interface ReplayFailure {
  readonly webhook_id: string
  readonly endpoint: string
  readonly error: string
}

export interface ReplayedDelivery extends Delivery {
  /** A dead letter: success settles it. */
  readonly isDead: boolean
}

/**
 * @throws UsageError for a range that the journal does not have: below `complete_from`, or after its end
 */
export function checkRange(
  sqlite: Sqlite,
  selection: ReplaySelection,
): { readonly from: Lsn; readonly to: Lsn | null } {
  const checkpoint = readCheckpoint(sqlite)
  const from = lsnOf('--from', selection.from)
  const to = selection.to === undefined ? null : lsnOf('--to', selection.to)
  if (checkpoint === null) throw new UsageError('the journal is empty: nothing was followed yet')
  if (from < checkpoint.completeFromLsn) throw new UsageError(tooEarly(checkpoint))
  if (from > checkpoint.durableLsn) {
    throw new UsageError(`LSN_IN_FUTURE: the journal ends at ${formatLsn(checkpoint.durableLsn)}`)
  }
  if (to !== null && to < from) throw new UsageError('--to lies before --from')
  return { from, to }
}

const tooEarly = ({ completeFromLsn, completeFromAt }: Checkpoint): string =>
  `the journal is whole from ${formatLsn(completeFromLsn)} on (${new Date(completeFromAt).toISOString()}): what lies before was never seen or is pruned`

function lsnOf(option: string, text: string): Lsn {
  try {
    return parseLsn(text)
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function where(sqlite: Sqlite, selection: ReplaySelection): [sql: string, values: SqliteValue[]] {
  const { from, to } = checkRange(sqlite, selection)
  const parts = ["d.state IN ('delivered', 'dead')", 'd.commit_lsn >= ?']
  const values: SqliteValue[] = [from]
  const add = (sql: string, ...given: SqliteValue[]) => {
    parts.push(sql)
    values.push(...given)
  }
  if (to !== null) add('d.commit_lsn <= ?', to)
  if (selection.endpoint !== undefined) add('d.endpoint = ?', selection.endpoint)
  if (selection.appointment !== undefined) add('d.appointment_external_id = ?', selection.appointment)
  const only = selection.only ?? []
  if (only.length > 0) add(`d.notification IN (${only.map(() => '?').join(', ')})`, ...only)
  return [parts.join(' AND '), values]
}

/** In the order in which they became owed, with ids above `afterId`. @throws as `checkRange`. */
export function loadReplayed(
  sqlite: Sqlite,
  selection: ReplaySelection,
  afterId: number,
  limit: number,
): readonly ReplayedDelivery[] {
  const [condition, values] = where(sqlite, selection)
  const query = `SELECT ${deliveryColumns}, d.state FROM delivery d WHERE ${condition} AND d.id > ? ORDER BY d.id LIMIT ?`
  const rows = sqlite.all<DeliveryRow>(query, [...values, afterId, limit])
  return rows.map((row) => ({ ...toDelivery(row), isDead: row.state === 'dead' }))
}

/** Within a transaction. @throws as `checkRange`. */
export function beginReplay(sqlite: Sqlite, selection: ReplaySelection, rate: number | null): Replay {
  const [condition, values] = where(sqlite, selection)
  const total = Number(sqlite.get(`SELECT count(*) AS n FROM delivery d WHERE ${condition}`, values)?.['n'])
  const insert = 'INSERT INTO replay (selection, rate, total, asked_at) VALUES (?, ?, ?, ?)'
  const { id } = sqlite.run(insert, [JSON.stringify(selection), rate, total, Date.now()])
  return { id, selection, rate, total, doneUpTo: 0, delivered: 0, finished: false }
}

interface Row {
  readonly id: number
  readonly selection: string
  readonly rate: number | null
  readonly total: number
  readonly done_up_to: number
  readonly delivered: number
  readonly finished_at: number | null
}

const toReplay = (row: Row): Replay => ({
  id: row.id,
  selection: JSON.parse(row.selection) as ReplaySelection,
  rate: row.rate,
  total: row.total,
  doneUpTo: row.done_up_to,
  delivered: row.delivered,
  finished: row.finished_at !== null,
})

export function readReplay(sqlite: Sqlite, id: number): Replay | null {
  const [row] = sqlite.all<Row>('SELECT * FROM replay WHERE id = ?', [id])
  return row === undefined ? null : toReplay(row)
}

/** The oldest first. */
export const unfinishedReplays = (sqlite: Sqlite): readonly Replay[] =>
  sqlite.all<Row>('SELECT * FROM replay WHERE finished_at IS NULL ORDER BY id').map(toReplay)

export interface ReplayProgress {
  readonly id: number
  readonly doneUpTo: number
  /** Since the last progress. */
  readonly delivered: number
  readonly failures: readonly ReplayFailure[]
  readonly finished: boolean
}

/** Within a transaction. */
export function recordProgress(sqlite: Sqlite, progress: ReplayProgress): void {
  const { id, doneUpTo, delivered, failures, finished } = progress
  const update = 'UPDATE replay SET done_up_to = ?, delivered = delivered + ?, finished_at = ? WHERE id = ?'
  sqlite.run(update, [doneUpTo, delivered, finished ? Date.now() : null, id])
  for (const { webhook_id, endpoint, error } of failures) {
    sqlite.run('INSERT OR REPLACE INTO replay_failure (replay_id, webhook_id, endpoint, error) VALUES (?, ?, ?, ?)', [
      id,
      webhook_id,
      endpoint,
      error,
    ])
  }
}

export const failuresOf = (sqlite: Sqlite, id: number): readonly ReplayFailure[] =>
  sqlite.all<ReplayFailure>('SELECT webhook_id, endpoint, error FROM replay_failure WHERE replay_id = ?', [id])
