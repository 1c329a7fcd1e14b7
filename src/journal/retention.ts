// Forgetting by age: delivered deliveries and the changes behind them. Owns what is never forgotten: what is owed, dead
// letters, sequence numbers; images have an age of their own (image-retention.ts).
import type { Sqlite } from './sqlite.js'

/** A slice is one short transaction, so that appending and settling go on between two of them. */
const sliceRows = 500

const forgettable = `
  SELECT c.id, c.commit_lsn, c.source_id FROM change c
   WHERE c.id > ? AND c.journaled_at < ?
   ORDER BY c.id LIMIT ${sliceRows}`
const isHeld = `SELECT 1 AS held FROM delivery WHERE change_id = ? AND (state IN ('owed', 'dead') OR settled_at >= ?) LIMIT 1`
const forgetAttempts = 'DELETE FROM attempt WHERE delivery_id IN (SELECT id FROM delivery WHERE change_id = ?)'
const forgetDeliveries = 'DELETE FROM delivery WHERE change_id = ?'
const forgetChange = 'DELETE FROM change WHERE id = ?'
/** A change is asked for by its commit LSN; everything up to the last one forgotten is no longer whole. */
const moveCompleteFrom = `
  UPDATE checkpoint SET complete_from_lsn = max(complete_from_lsn, ? + 1), complete_from_at = ? WHERE source_id = ?`

export interface Pruned {
  readonly changes: number
  /** Where the next slice goes on; null: this was the last. */
  readonly afterId: number | null
}

/** Within a transaction: one slice of disclosures sent before `before` (unix ms). Whether there may be more. */
export function pruneDisclosures(sqlite: Sqlite, before: number): boolean {
  // Ids are in the order of time, so the oldest are looked at, and no others.
  const oldest = `SELECT id, sent_at FROM disclosure ORDER BY id LIMIT ${sliceRows}`
  return (
    sqlite.run(`DELETE FROM disclosure WHERE id IN (SELECT id FROM (${oldest}) WHERE sent_at < ?)`, [before])
      .changes === sliceRows
  )
}

/** Within a transaction: one slice of changes journaled, and deliveries settled, before `before` (unix ms). */
export function pruneSlice(sqlite: Sqlite, before: number, afterId: number): Pruned {
  const rows = sqlite.all(forgettable, [afterId, before])
  let changes = 0
  for (const row of rows) {
    const id = Number(row['id'])
    if (sqlite.get(isHeld, [id, before]) !== null) continue
    sqlite.run(forgetAttempts, [id])
    sqlite.run(forgetDeliveries, [id])
    sqlite.run(forgetChange, [id])
    sqlite.run(moveCompleteFrom, [BigInt(String(row['commit_lsn'])), before, Number(row['source_id'])])
    changes += 1
  }
  sqlite.run('DELETE FROM request WHERE answered_at < ?', [before])
  const last = rows.at(-1)
  return { changes, afterId: rows.length < sliceRows || last === undefined ? null : Number(last['id']) }
}
