// Which of a relation's columns are mapped, under which canonical names, and by which of them its rows are known. Pure.
import type { Relation } from '../capture/change-message.js'
import type { Model } from './model.js'

type Names = Pick<Model, 'canonicalNames' | 'formerNames'>

/**
 * Real → canonical: the names of today, or a former one where the WAL is from before the renaming.
 * @param today of other columns: the names that they are proven to have now
 */
export function namesIn(
  { columns }: Relation,
  { canonicalNames, formerNames }: Names,
  today: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { name } of columns) {
    const canonical = canonicalNames.get(name)
    if (canonical !== undefined) names.set(name, canonical)
  }
  const found = new Set(names.values())
  for (const { name } of columns) {
    const canonical = formerNames.get(name) ?? canonicalNames.get(today.get(name) ?? '')
    if (canonical === undefined || names.has(name) || found.has(canonical)) continue
    names.set(name, canonical)
    found.add(canonical)
  }
  return names
}

/**
 * The real columns that tell a row from all others: the one that is mapped to `id`, as the clinical models' always is; of a
 * further model that maps none its whole primary key. None: nobody knows.
 */
export function identityIn(relation: Relation, model: Model): readonly string[] {
  if (!model.required.has('id')) return model.rowKey
  return [...namesIn(relation, model)].flatMap(([real, canonical]) => (canonical === 'id' ? [real] : []))
}
