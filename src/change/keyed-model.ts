// A further model in, the same out with what its table's catalogs say of its rows' identity, where the config does not: its primary
// key is what its rows are known by, also where another column is called `id`; and `patient_id` is the column of that name, else the
// one that refers to the patients.
import type { RowKeys } from '../capture/row-keys.js'
import type { Model } from './model.js'

export function keyedModel(model: Model, { columns, primaryKey, patientColumns }: RowKeys): Model {
  const canonicalNames = new Map(model.canonicalNames)
  const name = (canonical: string, real: string | undefined) => {
    const isGiven = model.required.has(canonical) || columns.includes(canonical)
    if (isGiven || real === undefined || canonicalNames.has(real) || model.excluded.has(real)) return
    canonicalNames.set(real, canonical)
  }
  if (patientColumns.length === 1) name('patient_id', patientColumns[0])
  if (model.required.has('id')) return { ...model, canonicalNames }
  // A column called `id` that is not of the key is one like any other.
  if (primaryKey.length > 0 && !primaryKey.includes('id')) canonicalNames.delete('id')
  if (primaryKey.length === 1) name('id', primaryKey[0])
  return { ...model, canonicalNames, rowKey: primaryKey }
}
