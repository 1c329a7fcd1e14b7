// Which stored deliveries a range of commits has (spec section 9). What is still owed is left to the sender, what was
// discarded to its reason. Read in slices of the index, so that a narrow filter over a long range stops nothing else.
import { UsageError } from '../base/errors.js'
import { formatLsn, type Lsn, parseLsn } from '../capture/lsn.js'
import { type Checkpoint, readCheckpoint } from './checkpoint.js'
import { deliveryColumns, toDelivery } from './deliveries.js'
import type { Delivery } from './delivery.js'
import { spellings } from './external-id.js'
import { type Gap, listGaps } from './gaps.js'
import type { DeliveryRow } from './schema.js'
import type { Sqlite } from './sqlite.js'
import type { SqliteValue } from './sqlite-driver.js'
import { butFor, gapsInside } from './wholeness.js'

/** As the command gives it, and as the journal keeps it: LSNs printed, both inclusive. */
export interface ReplaySelection {
  readonly from: string
  readonly to?: string
  readonly endpoint?: string
  readonly only?: string[]
  readonly appointment?: string
  /** Those alone that this recompute made. */
  readonly recompute?: string
  /** This delivery of this change alone, wherever the range lies. */
  readonly one?: { readonly webhookId: string; readonly changeId: number }
}

type Range = Pick<ReplaySelection, 'from' | 'to' | 'one'>

export interface ReplayedDelivery extends Delivery {
  readonly changeId: number
  /** A dead letter: success settles it. */
  readonly isDead: boolean
}

/** A place in the order of replay: everything up to this delivery of this change. */
export interface ReplayPlace {
  readonly changeId: number
  readonly deliveryId: number
}

export interface ReplaySlice {
  readonly deliveries: readonly ReplayedDelivery[]
  /** Where the next slice goes on; null: this was the last. */
  readonly end: ReplayPlace | null
}

/** Changes. */
const sliceRows = 64

/** @throws UsageError for a range that the journal does not have: below `complete_from`, or after its end */
export function checkRange(sqlite: Sqlite, selection: Range): void {
  if (selection.one !== undefined) return
  const { from, to } = limitsOf(selection)
  const checkpoint = readCheckpoint(sqlite)
  if (checkpoint === null) throw new UsageError('the journal is empty: nothing was followed yet')
  if (from < checkpoint.completeFromLsn) {
    throw new UsageError(tooEarly(checkpoint, gapsInside(checkpoint, listGaps(sqlite))))
  }
  if (from > checkpoint.durableLsn) {
    throw new UsageError(`LSN_IN_FUTURE: the journal ends at ${formatLsn(checkpoint.durableLsn)}`)
  }
  if (to !== null && to < from) throw new UsageError('--to lies before --from')
}

const tooEarly = ({ completeFromLsn, completeFromAt }: Checkpoint, gaps: readonly Gap[]): string =>
  `the journal is whole from ${formatLsn(completeFromLsn)} on (${new Date(completeFromAt).toISOString()})${butFor(gaps)}: what lies before was never seen or is pruned`

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
  const parts = ["d.state IN ('delivered', 'dead')"]
  const values: SqliteValue[] = []
  const add = (sql: string, ...given: SqliteValue[]) => {
    parts.push(sql)
    values.push(...given)
  }
  const { endpoint, appointment, only = [], recompute, one } = selection
  if (endpoint !== undefined) add('d.endpoint = ?', endpoint)
  if (appointment !== undefined) {
    const ids = spellings(appointment)
    add(`d.appointment_external_id IN (${ids.map(() => '?').join(', ')})`, ...ids)
  }
  if (only.length > 0) add(`d.notification IN (${only.map(() => '?').join(', ')})`, ...only)
  if (one !== undefined) add('d.webhook_id = ?', one.webhookId)
  if (recompute !== undefined) add('d.recompute = ?', recompute)
  return [parts.join(' AND '), values]
}

interface Bounds {
  /** Ids of changes, both inclusive. */
  readonly first: number
  readonly last: number
}

/**
 * Ids ascend as the server committed; within one history LSNs do too. Histories that lie before a gap are left out: their LSNs
 * mean something else. Null: there is no change in the range.
 */
export function boundsOf(sqlite: Sqlite, selection: Range): Bounds | null {
  if (selection.one !== undefined) return { first: selection.one.changeId, last: selection.one.changeId }
  const { from, to } = limitsOf(selection)
  const histories = sqlite
    .all('SELECT id FROM source WHERE id >= (SELECT complete_from_source_id FROM checkpoint) ORDER BY id')
    .map((row) => Number(row['id']))
  const idOf = (query: string, values: readonly SqliteValue[]) =>
    sqlite.get(query, values)?.['id'] as number | undefined
  const firstOf = 'SELECT id FROM change WHERE source_id = ? AND commit_lsn >= ? ORDER BY commit_lsn, ordinal LIMIT 1'
  const lastOf = `
    SELECT id FROM change WHERE source_id = ? AND commit_lsn <= ? ORDER BY commit_lsn DESC, ordinal DESC LIMIT 1`
  const first = histories.map((id) => idOf(firstOf, [id, from])).find((id) => id !== undefined)
  const last = histories
    .toReversed()
    .map((id) => idOf(lastOf, [id, to ?? endOfTime]))
    .find((id) => id !== undefined)
  return first === undefined || last === undefined || last < first ? null : { first, last }
}

const endOfTime = 2n ** 63n - 1n

const join = 'FROM change c JOIN delivery d ON d.change_id = c.id'

/** How many there are. Reads the whole range. */
export function countReplayed(sqlite: Sqlite, selection: ReplaySelection): number {
  const bounds = boundsOf(sqlite, selection)
  if (bounds === null) return 0
  const [condition, values] = filter(selection)
  const query = `SELECT count(*) AS n ${join} WHERE c.id >= ? AND c.id <= ? AND ${condition}`
  return Number(sqlite.get(query, [bounds.first, bounds.last, ...values])?.['n'])
}

/** In the order of their changes, and for one change in the order in which they became owed. */
export function readReplayed(sqlite: Sqlite, selection: ReplaySelection, after: ReplayPlace | null): ReplaySlice {
  const bounds = boundsOf(sqlite, selection)
  if (bounds === null) return { deliveries: [], end: null }
  const { changeId, deliveryId } = after ?? { changeId: bounds.first, deliveryId: 0 }
  const endOfSlice = 'SELECT id FROM change WHERE id >= ? AND id <= ? ORDER BY id LIMIT 1 OFFSET ?'
  const end = sqlite.get(endOfSlice, [changeId, bounds.last, sliceRows])?.['id'] as number | undefined
  const [condition, values] = filter(selection)
  const rows = sqlite.all<DeliveryRow & { readonly change: number }>(
    `SELECT ${deliveryColumns}, d.state, c.id AS change ${join}
      WHERE c.id >= ? AND c.id <= ? AND (c.id > ? OR d.id > ?) AND ${condition} ORDER BY c.id, d.id`,
    [changeId, end ?? bounds.last, changeId, deliveryId, ...values],
  )
  return {
    deliveries: rows.map((row) => ({ ...toDelivery(row), changeId: row.change, isDead: row.state === 'dead' })),
    end: end === undefined ? null : { changeId: end, deliveryId: Number.MAX_SAFE_INTEGER },
  }
}
