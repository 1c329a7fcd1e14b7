// Two looks at a publication: what leaves room for a loss between them, and what does not.
import { expect, test } from 'vitest'
import { type FingerprintFacts, fingerprintOf, isSamePublication } from '../../src/capture/fingerprint.js'

type Table = FingerprintFacts['tables'][number]

const appointment: Table = { membership: '1/1', identity: 'f', row_filter: null, model: 'appointment' }
const noteState: Table = { membership: '2/2', identity: 'd', row_filter: null, model: 'notestatechangeevent' }
const facts: FingerprintFacts = {
  oid: '9',
  publishes_all: true,
  publishes_truncate: true,
  via_root: false,
  version: '100',
  harmless: 'x',
  tables: [appointment, noteState],
}
const before = fingerprintOf(facts)
const same = (more: Partial<FingerprintFacts>) => isSamePublication(before, fingerprintOf({ ...facts, ...more }))
const ofTable = (more: Partial<Table>) => same({ tables: [appointment, { ...noteState, ...more }] })

test('nothing, a table more, or an identity that became FULL, is no loss', () => {
  expect(same({})).toBe(true)
  expect(same({ tables: [...facts.tables, { ...noteState, membership: '3/3', model: 'lab' }] })).toBe(true)
  expect(ofTable({ identity: 'f' })).toBe(true)
  // An ALTER of what is named harmless.
  expect(same({ version: '101', harmless: 'y' })).toBe(true)
  // What `check` asks for where truncate is not published.
  const without = fingerprintOf({ ...facts, publishes_truncate: false })
  expect(isSamePublication(without, fingerprintOf({ ...facts, version: '101' }))).toBe(true)
  expect(isSamePublication(without, fingerprintOf({ ...facts, publishes_truncate: false, version: '101' }))).toBe(false)
})

test.each<[string, boolean]>([
  ['another publication of its name', same({ oid: '10' })],
  ['not every operation', same({ publishes_all: false })],
  ['partitions as themselves', same({ via_root: true })],
  ['an ALTER of which nothing shows any more', same({ version: '101' })],
  ['truncate not any more', same({ version: '101', publishes_truncate: false })],
  ['a table less', same({ tables: [appointment] })],
  ['an identity that is not FULL any more', same({ tables: [{ ...appointment, identity: 'd' }, noteState] })],
  ['another identity', ofTable({ identity: 'n' })],
  ['a row filter', ofTable({ row_filter: 'id > 5' })],
  ['another column list', ofTable({ membership: '2/2 1 2' })],
  ['another table in its place, beside it', same({ tables: [...facts.tables, { ...noteState, membership: '3/3' }] })],
])('%s may be a loss', (_, isSame) => {
  expect(isSame).toBe(false)
})

test('what an older version noted is compared as far as it goes', () => {
  const held = ({ membership, identity, row_filter }: Table) => [membership, identity, row_filter]
  const old = (tables: readonly Table[]) => JSON.stringify(['9', true, false, tables.map(held)])
  expect(isSamePublication(old(facts.tables), before)).toBe(true)
  expect(isSamePublication(old([appointment]), before)).toBe(true)
  expect(isSamePublication(old([{ ...appointment, identity: 'd' }]), before)).toBe(true)
  expect(isSamePublication(old([{ ...appointment, membership: '7/7' }]), before)).toBe(false)
  expect(isSamePublication('', before)).toBe(false)
})
