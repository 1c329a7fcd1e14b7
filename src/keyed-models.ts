// The followed models in, the same out with what the catalogs say of the further ones' rows. Asked at each connection, so that
// a primary key that was made meanwhile counts from the next one on.
import type { Sql, WatchedTable } from './capture/finding.js'
import { readRowKeys } from './capture/row-keys.js'
import { keyedModel } from './change/keyed-model.js'
import type { Model } from './change/model.js'

/** @param tables the watched ones, the patients' among them @throws what `sql` throws */
export async function keyedModels(
  sql: Sql,
  models: ReadonlyMap<string, Model>,
  tables: readonly WatchedTable[],
): Promise<ReadonlyMap<string, Model>> {
  const patients = tables.find(({ model }) => model === 'patient')
  const keyed = new Map(models)
  for (const [key, model] of models) {
    const isFurther = tables.some((table) => table.model === model.name && table.keys !== undefined)
    const keys = isFurther && patients !== undefined ? await readRowKeys(sql, model, patients) : null
    if (keys !== null) keyed.set(key, keyedModel(model, keys))
  }
  return keyed
}
