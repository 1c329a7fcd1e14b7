// Which stored deliveries a range of commits has (spec section 9). What is still owed is left to the sender, what was
// discarded to its reason. Read in slices of the index, so that a narrow filter over a long range stops nothing else.
import { UsageError } from '../base/errors.js'
import { formatLsn, type Lsn, parseLsn, toLsn } from '../capture/lsn.js'
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
  /** Those alone that this recompute made. */
  readonly recompute?: string
}

export interface ReplayedDelivery extends Delivery {
  /** A dead letter: success settles it. */
  readonly isDead: boolean
}

/** A place in the order of replay. */
export interface ReplayPlace {
  readonly commitLsn: Lsn
  readonly id: number
}

export interface ReplaySlice {
  readonly deliveries: readonly ReplayedDelivery[]
  /** Where the next slice goes on; null: this was the last. */
  readonly end: ReplayPlace | null
}

const sliceRows = 256

/** Histories of the server that lie before a gap, and their LSNs, are left out. */
const ofThisHistory =
  'd.change_id IN (SELECT id FROM change WHERE source_id >= (SELECT complete_from_source_id FROM checkpoint))'

/** @throws UsageError for a range that the journal does not have: below `complete_from`, or after its end */
export function checkRange(sqlite: Sqlite, selection: Pick<ReplaySelection, 'from' | 'to'>): void {
  const { from, to } = limitsOf(selection)
  const checkpoint = readCheckpoint(sqlite)
  if (checkpoint === null) throw new UsageError('the journal is empty: nothing was followed yet')
  if (from < checkpoint.completeFromLsn) throw new UsageError(tooEarly(checkpoint))
  if (from > checkpoint.durableLsn) {
    throw new UsageError(`LSN_IN_FUTURE: the journal ends at ${formatLsn(checkpoint.durableLsn)}`)
  }
  if (to !== null && to < from) throw new UsageError('--to lies before --from')
}

const tooEarly = ({ completeFromLsn, completeFromAt }: Checkpoint): string =>
  `the journal is whole from ${formatLsn(completeFromLsn)} on (${new Date(completeFromAt).toISOString()}): what lies before was never seen or is pruned`

/** @throws UsageError for what is no LSN */
export function limitsOf({ from, to }: Pick<ReplaySelection, 'from' | 'to'>): { from: Lsn; to: Lsn | null } {
  return { from: lsnOf('--from', from), to: to === undefined ? null : lsnOf('--to', to) }
}

function lsnOf(option: string, text: string): Lsn {
  try {
    return parseLsn(text)
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

type Condition = readonly [sql: string, values: readonly SqliteValue[]]

function filter(selection: ReplaySelection): Condition {
  const parts = ["d.state IN ('delivered', 'dead')", ofThisHistory]
  const values: SqliteValue[] = []
  const add = (sql: string, ...given: SqliteValue[]) => {
    parts.push(sql)
    values.push(...given)
  }
  const { endpoint, appointment, only = [], recompute } = selection
  if (endpoint !== undefined) add('d.endpoint = ?', endpoint)
  if (appointment !== undefined) add('d.appointment_external_id = ? COLLATE NOCASE', appointment)
  if (only.length > 0) add(`d.notification IN (${only.map(() => '?').join(', ')})`, ...only)
  if (recompute !== undefined) add('d.recompute = ?', recompute)
  return [parts.join(' AND '), values]
}

function rangeBehind(selection: ReplaySelection, after: ReplayPlace | null): Condition {
  const { from, to } = limitsOf(selection)
  const { commitLsn, id } = after ?? { commitLsn: from, id: 0 }
  const behind = '(d.commit_lsn, d.id) > (?, ?)'
  return to === null ? [behind, [commitLsn, id]] : [`${behind} AND d.commit_lsn <= ?`, [commitLsn, id, to]]
}

/** How many there are. Reads the whole range. */
export function countReplayed(sqlite: Sqlite, selection: ReplaySelection): number {
  const [range, limits] = rangeBehind(selection, null)
  const [condition, values] = filter(selection)
  const query = `SELECT count(*) AS n FROM delivery d WHERE ${range} AND ${condition}`
  return Number(sqlite.get(query, [...limits, ...values])?.['n'])
}

/** In the order of their commits, and within one of them in the order in which they became owed. */
export function readReplayed(sqlite: Sqlite, selection: ReplaySelection, after: ReplayPlace | null): ReplaySlice {
  const [range, limits] = rangeBehind(selection, after)
  const order = 'ORDER BY d.commit_lsn, d.id'
  const endOfSlice = `SELECT d.commit_lsn, d.id FROM delivery d WHERE ${range} ${order} LIMIT 1 OFFSET ${sliceRows - 1}`
  const [last] = sqlite.all<{ commit_lsn: bigint; id: number }>(endOfSlice, limits)
  const [upTo, end]: Condition =
    last === undefined ? ['', []] : ['AND (d.commit_lsn, d.id) <= (?, ?)', [last.commit_lsn, last.id]]
  const [condition, values] = filter(selection)
  const rows = sqlite.all<DeliveryRow>(
    `SELECT ${deliveryColumns}, d.state FROM delivery d WHERE ${range} ${upTo} AND ${condition} ${order}`,
    [...limits, ...end, ...values],
  )
  return {
    deliveries: rows.map((row) => ({ ...toDelivery(row), isDead: row.state === 'dead' })),
    end: last === undefined ? null : { commitLsn: toLsn(last.commit_lsn), id: last.id },
  }
}
