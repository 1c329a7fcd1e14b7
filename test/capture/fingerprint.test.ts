// Two looks at a publication: what leaves room for a loss between them, and what does not.
import { expect, test } from 'vitest'
import {
  type FingerprintFacts,
  fingerprintOf,
  isSamePublication,
  lossBetween,
  withAway,
} from '../../src/capture/fingerprint.js'
import { parseLsn } from '../../src/capture/lsn.js'
import type { Part } from '../../src/capture/parts.js'

type Table = FingerprintFacts['tables'][number]

const published = { row_filter: null, place: '5 700', parts: [] }
const appointment: Table = { ...published, membership: '1/1', identity: 'f', model: 'appointment' }
const noteState: Table = { ...published, membership: '2/2', identity: 'd', model: 'notestatechangeevent' }
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
  ['a schema that was taken out and put back', ofTable({ place: '6 700' })],
  ['a table that was in another schema', ofTable({ place: '5 701' })],
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

const withParts = (...parts: Part[]) => fingerprintOf({ ...facts, tables: [{ ...appointment, parts }, noteState] })
const root: Part = ['1', '', 'r', '0', '', '', 7]
const leaf: Part = ['20', '900', 'br', '20', '21', '', 7]
const [oid, link, , , toast, sequences, shape] = leaf

test.each<[string, boolean, Part[], Part[]]>([
  ['a partition more, born as one', false, [root], [root, leaf]],
  ['one more that came with rows', true, [root], [root, [oid, link, 'r', '20', '21', '', 7]]],
  ['one more that came empty', false, [root], [root, [oid, link, '', '20', '21', '', 7]]],
  ['one more whose file is not its first', true, [root], [root, [oid, link, 'br', '30', '21', '', 7]]],
  ['one less', false, [root, leaf], [root]],
  ['one that was attached again', true, [root, leaf], [root, [oid, '901', 'r', '20', '21', '', 7]]],
  ['one that is UNLOGGED now', false, [root, leaf], [root, [oid, link, 'ubr', '30', '31', '', 7]]],
  ['one that was UNLOGGED and empty, and has rows', true, [[oid, link, 'ub', '20', '21', '', 7]], [leaf]],
  [
    'one that was UNLOGGED and empty, and is',
    false,
    [[oid, link, 'ub', '20', '21', '', 7]],
    [[oid, link, 'b', '30', '31', '', 7]],
  ],
  ['another file and TOAST table', true, [leaf], [[oid, link, 'br', '30', '31', sequences, shape]]],
  ['another file of the same TOAST table', false, [leaf], [[oid, link, 'br', '30', toast, sequences, shape]]],
  ['another file for other columns', false, [leaf], [[oid, link, 'br', '30', '31', sequences, 8]]],
  [
    'another file and TOAST table, the same sequences',
    false,
    [['1', '', 'r', '1', '2', '3', 7]],
    [['1', '', 'r', '4', '5', '3', 7]],
  ],
  [
    'another file and sequences, no TOAST table',
    true,
    [['1', '', 'r', '1', '', '3', 7]],
    [['1', '', 'r', '4', '', '6', 7]],
  ],
  [
    'another file of which nothing more is known',
    false,
    [['1', '', 'r', '1', '', '', 7]],
    [['1', '', 'r', '4', '', '', 7]],
  ],
])('%s: a loss is %s', (_, isLoss, was, is) => {
  expect(lossBetween(withParts(...was), withParts(...is)) !== null).toBe(isLoss)
})

test('a part that was away is a loss since the look at which it was last there, however many looks and others lie between', () => {
  const [first, later] = [parseLsn('0/100'), parseLsn('0/200')]
  const gone = withAway(withParts(root, leaf), withParts(root), first)
  const still = withAway(gone, withParts(root), later)
  expect(still).toBe(gone)
  expect(lossBetween(still, withParts(root))).toBe(null)
  const back = withParts(root, [oid, '901', '', '20', '21', '', 7])
  expect(lossBetween(still, back)).toEqual({ tag: 'parts', oids: ['20'], since: first })
  expect(lossBetween(withAway(still, back, later), back)).toBe(null)
})
