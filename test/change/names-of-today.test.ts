// Which of today's columns a row's are whose names the table has not now: by their numbers, and only where nothing else can be.
import { expect, test } from 'vitest'
import type { Attribute } from '../../src/capture/attributes.js'
import type { Relation } from '../../src/capture/change-message.js'
import { parseLsn } from '../../src/capture/lsn.js'
import { captureChange } from '../../src/change/field-changes.js'
import { type Model, makeModel } from '../../src/change/model.js'
import { namesOfToday } from '../../src/change/names-of-today.js'

const int = 23
const text = 25
const dropped: Attribute = { name: null, typeOid: 0, isGenerated: false }
const now = (...columns: (string | Attribute)[]): Attribute[] =>
  columns.map((one) => (typeof one === 'string' ? { name: one, typeOid: int, isGenerated: false } : one))
const then = (...names: string[]) => ({ columns: names.map((name) => ({ name, typeOid: int })) })
const told = (relation: Pick<Relation, 'columns'>, attributes: readonly Attribute[]) => [
  ...namesOfToday(relation, attributes),
]

test('a column between two that bear their names is the one that stands between them now', () => {
  expect(told(then('id', 'st', 'note'), now('id', 'start', 'note'))).toEqual([['st', 'start']])
  expect(told(then('st', 'a', 'b'), now('start', 'c', 'd'))).toEqual([
    ['st', 'start'],
    ['a', 'c'],
    ['b', 'd'],
  ])
  expect(told(then('id', 'st'), now(dropped, 'id', 'start'))).toEqual([['st', 'start']])
  const generated = { name: 'sum', typeOid: int, isGenerated: true }
  expect(told(then('id', 'st', 'note'), now('id', generated, 'start', 'note'))).toEqual([['st', 'start']])
  expect(told(then('id', 'note'), now('id', 'note'))).toEqual([])
})

test('nothing is proven beside a dropped column, with another number of columns, another type, or another order', () => {
  // Dropped and made anew: start is another column than st was.
  expect(told(then('id', 'st'), now('id', dropped, 'start'))).toEqual([])
  expect(told(then('id', 'st', 'note'), now('id', 'start', 'more', 'note'))).toEqual([])
  expect(told(then('id', 'st'), now('id', 'start', 'more'))).toEqual([])
  expect(told({ columns: [{ name: 'st', typeOid: text }] }, now('start'))).toEqual([])
  expect(told(then('note', 'id', 'st'), now('id', 'note', 'start'))).toEqual([])
})

test('a mapped column is told under its canonical name, an excluded one stays excluded, whatever it was called for a moment', () => {
  const options = {
    name: 'row',
    schema: 'public',
    table: 'row',
    changeType: 'TASK',
    columns: { start: 'start' },
  } as const
  const shape = { oid: 7, at: parseLsn('0/200'), attributes: now('start', 'secret') }
  const model: Model = {
    ...makeModel({ ...options, excluded: ['secret'] }),
    shape,
  }
  const captured = (commitLsn: string, oid = 7, of = model) => {
    const relation: Relation = { oid, schema: 'public', table: 'row', identity: 'full', ...then('st', 's') }
    const piece = { commitLsn: parseLsn(commitLsn), committedAt: 0, changes: [], rows: 1, endLsn: null }
    return captureChange({ tag: 'insert', ordinal: 0, relation, new: { st: '1', s: '2' } }, piece, of)
  }
  expect(captured('0/1FF')?.fieldChanges.fields).toEqual({ start: [null, 1] })
  // What the catalogs said before the commit proves nothing of it: the next connection asks them again.
  const missing = 'public.row no longer has the column start in what committed at'
  expect(() => captured('0/200')).toThrow(
    expect.objectContaining({ mayPass: true, found: `${missing} 0/200, where it had st, s` }),
  )
  const optional = {
    ...model,
    ...makeModel({ ...options, columns: {}, excluded: [] }),
    shape: { ...shape, attributes: now('id', 'x') },
  }
  expect(captured('0/1FF', 7, optional)?.image).toEqual({ id: 1 })
  expect(() => captured('0/200', 7, optional)).toThrow(expect.objectContaining({ mayPass: true }))
  expect(() => captured('0/1FF', 8)).toThrow(expect.objectContaining({ mayPass: false }))
})
