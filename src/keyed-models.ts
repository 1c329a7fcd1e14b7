// The followed models in, the same out with what the catalogs say of their columns, and of the further ones' keys. Asked at each connection, so that
// a primary key that was made meanwhile counts from the next one on.
import { NotReadyError } from './base/errors.js'
import { readAttributes } from './capture/attributes.js'
import { readableTable, type Sql, type WatchedTable } from './capture/finding.js'
import { readRowKeys } from './capture/row-keys.js'
import { keyedModel } from './change/keyed-model.js'
import type { Model } from './change/model.js'

/**
 * @param tables the watched ones, the patients' among them
 * @param oids of the followed ones, with the model's name
 * @throws NotReadyError for one that has just lost its name; what `sql` throws
 */
export async function keyedModels(
  sql: Sql,
  models: ReadonlyMap<string, Model>,
  tables: readonly WatchedTable[],
  oids: ReadonlyMap<number, string>,
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
  const { at, ofTables } = await readAttributes(sql, [...oids.keys()])
  for (const [key, model] of keyed) {
    const [oid] = [...oids].find(([, name]) => name === model.name) ?? []
    const attributes = oid === undefined ? undefined : ofTables.get(oid)
    if (oid !== undefined && attributes !== undefined) keyed.set(key, { ...model, shape: { oid, at, attributes } })
  }
  return keyed
}
