// Columns that a row of the WAL has under a name which the table has not now: which of today's they are, by their numbers. In: the
// row's relation, the catalogs' columns. Out: name then → name now. Pure. Owns that a column is taken for another's only where
// nothing else can be: no column was dropped where it stands, as many are missing there as are new, and the types are the same.
import type { Attribute } from '../capture/attributes.js'
import { bpcharOid, type Column, type Relation } from '../capture/change-message.js'

/** A relation message has its columns in the order of their numbers. Names that the table has now stand for themselves. */
export function namesOfToday(
  { columns }: Pick<Relation, 'columns'>,
  attributes: readonly Attribute[],
): ReadonlyMap<string, string> {
  const numbers = new Map(attributes.map(({ name }, number) => [name, number]))
  const today = new Map<string, string>()
  let last = -1
  let unknown: Column[] = []
  const pair = (until: number) => {
    const between = attributes.slice(last + 1, until)
    const candidates = between.filter(({ isGenerated }) => !isGenerated)
    const isProven =
      candidates.length === unknown.length &&
      between.every(({ name }) => name !== null) &&
      unknown.every((column, index) => isOfType(column, candidates[index]))
    if (isProven) for (const [index, { name }] of unknown.entries()) today.set(name, candidates[index]?.name ?? name)
    unknown = []
  }
  for (const column of columns) {
    const number = numbers.get(column.name)
    if (number === undefined) unknown.push(column)
    else if (number <= last || !isOfType(column, attributes[number])) return new Map()
    else {
      pair(number)
      last = number
    }
  }
  pair(attributes.length)
  return today
}

/** A domain over `char(n)` is announced as that. */
const isOfType = ({ typeOid }: Column, attribute: Attribute | undefined): boolean =>
  typeOid === attribute?.typeOid || typeOid === bpcharOid
