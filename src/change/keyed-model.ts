// A further model in, the same out with what its table's catalogs say of its rows' identity: `id` is the primary key, and
// `patient_id` the column that refers to the patients, unless the config maps them or the table has columns of these names.
import type { RowKeys } from '../capture/row-keys.js'
import type { Model } from './model.js'

export function keyedModel(model: Model, { columns, primaryKey, patientColumns }: RowKeys): Model {
  const canonicalNames = new Map(model.canonicalNames)
  const name = (canonical: string, real: string | undefined) => {
    const isGiven = model.required.has(canonical) || columns.includes(canonical)
    if (isGiven || real === undefined || canonicalNames.has(real) || model.excluded.has(real)) return
    canonicalNames.set(real, canonical)
  }
  if (primaryKey.length === 1) name('id', primaryKey[0])
  if (patientColumns.length === 1) name('patient_id', patientColumns[0])
  const hasId = [...canonicalNames].some(([real, canonical]) => canonical === 'id' && columns.includes(real))
  return { ...model, canonicalNames, rowKey: hasId ? [] : primaryKey }
}
