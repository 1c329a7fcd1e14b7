// The followed models in, the same out with what the catalogs say of the further ones' rows. Asked at each connection, so that
// a primary key that was made meanwhile counts from the next one on.
import { NotReadyError } from './base/errors.js'
import { readableTable, type Sql, type WatchedTable } from './capture/finding.js'
import { readRowKeys } from './capture/row-keys.js'
import { keyedModel } from './change/keyed-model.js'
import type { Model } from './change/model.js'

/** @param tables the watched ones, the patients' among them @throws NotReadyError for one that has just lost its name; what `sql` throws */
export async function keyedModels(
  sql: Sql,
  models: ReadonlyMap<string, Model>,
  tables: readonly WatchedTable[],
): Promise<ReadonlyMap<string, Model>> {
  const patients = tables.find(({ model }) => model === 'patient')
  const keyed = new Map(models)
  for (const [key, model] of models) {
    const isFurther = tables.some((table) => table.model === model.name && table.keys !== undefined)
    if (!isFurther || patients === undefined) continue
    const keys = await readRowKeys(sql, model, patients)
    // Preflight has just seen it: without its keys its rows would be told as nobody's.
    if (keys === null) {
      throw new NotReadyError(`there is no table ${readableTable(model)}`, 'run `notifyd check`', { mayPass: true })
    }
    keyed.set(key, keyedModel(model, keys))
  }
  return keyed
}
