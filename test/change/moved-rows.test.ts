// Rows that a transaction deletes and inserts again, by where its pieces are cut and what else happens to them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Relation, type Row, type RowChange, tooLong } from '../../src/capture/change-message.js'
import type { Lsn } from '../../src/capture/lsn.js'
import { MovedRows } from '../../src/change/moved-rows.js'
import { clinicalModels } from './captured.js'

const relation: Relation = {
  oid: 1,
  schema: 'public',
  table: 'appointment',
  identity: 'full',
  columns: ['id', 'externally_exposable_id', 'start_time', '__proto__'].map((name) => ({ name, typeOid: 25 })),
}

const row = (id: number, start: string, external = `of ${id}`): Row =>
  Object.assign(Object.create(null), { id: String(id), externally_exposable_id: external, start_time: start })

type Step = readonly ['insert' | 'delete', Row]

const changesOf = (steps: readonly Step[], of = relation): RowChange[] =>
  steps.map(([tag, one], ordinal) =>
    tag === 'insert' ? { tag, ordinal, relation: of, new: one } : { tag, ordinal, relation: of, old: one },
  )

/** The transaction in pieces of so many changes; the last one may be empty, and then does not come. */
function toldOf(changes: readonly RowChange[], size: number, limit?: number): readonly RowChange[] {
  const moved = new MovedRows(() => clinicalModels.appointment, limit)
  const told: RowChange[] = []
  for (let at = 0; at < changes.length; at += size) {
    const some = changes.slice(at, at + size)
    const endLsn = at + size > changes.length ? (9n as Lsn) : null
    told.push(...moved.told({ commitLsn: 8n as Lsn, committedAt: 0, changes: some, rows: at + some.length, endLsn }))
  }
  moved.ended([{ lsn: 8n as Lsn, at: 0 }])
  // Nothing is left of a transaction for the next one.
  const next = changesOf([['insert', row(1, 'next')]])
  expect(moved.told({ commitLsn: 10n as Lsn, committedAt: 0, changes: next, rows: 1, endLsn: 11n as Lsn })).toEqual(
    next,
  )
  return told
}

const shown = (changes: readonly RowChange[]) =>
  changes.map((change) => {
    const old = 'old' in change ? change.old?.['start_time'] : undefined
    return [change.ordinal, change.tag, old, 'new' in change ? change.new['start_time'] : undefined]
  })

test('in one piece each is one update, at the place of the insert; what was inserted first stays inserted', () => {
  const steps: Step[] = [
    ['insert', row(1, 'a')],
    ['delete', row(1, 'a')],
    ['delete', row(2, 'a')],
    ['insert', row(1, 'b')],
    ['delete', row(1, 'b')],
    ['insert', row(1, 'c')],
  ]
  expect(shown(toldOf(changesOf(steps), 10))).toEqual([
    [0, 'insert', undefined, 'a'],
    [2, 'delete', 'a', undefined],
    [3, 'update', 'a', 'b'],
    [5, 'update', 'b', 'c'],
  ])
})

test('another external id, another table and another shape are another row', () => {
  const gone: Step = ['delete', row(1, 'a')]
  const anew: Step = ['insert', row(1, 'b')]
  const tags = (one: readonly RowChange[], two: readonly RowChange[]) =>
    toldOf([...one, ...two], 10).map(({ tag }) => tag)
  expect(tags(changesOf([gone]), changesOf([anew], { ...relation }))).toEqual(['update'])
  expect(tags(changesOf([gone]), changesOf([['insert', row(1, 'b', 'other')]]))).toEqual(['delete', 'insert'])
  expect(tags(changesOf([gone]), changesOf([anew], { ...relation, oid: 2 }))).toEqual(['delete', 'insert'])
  const columns = relation.columns.slice(1)
  expect(tags(changesOf([gone]), changesOf([anew], { ...relation, columns }))).toEqual(['delete', 'insert'])
  expect(tags([{ ...changesOf([gone])[0], keyOnly: true } as RowChange], changesOf([anew]))).toEqual(['update'])
})

test('wherever the pieces are cut, inserts are told the same, with the same old values', () => {
  const step = fc.record({ id: fc.integer({ min: 1, max: 4 }), time: fc.constantFrom('a', 'b', 'c') })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), (all, size) => {
      const there = new Map<number, Row>()
      const steps = all.flatMap(({ id, time }): Step[] => {
        const old = there.get(id)
        if (old !== undefined && there.delete(id)) return [['delete', old]]
        there.set(id, row(id, time))
        return [['insert', row(id, time)]]
      })
      const changes = changesOf(steps)
      const told = (by: number) => shown(toldOf(changes, by)).filter(([, tag]) => tag !== 'delete')
      expect(told(size)).toEqual(told(100))
    }),
  )
})

test('over a cut a row comes back as it was; what is beyond the limit is deleted and inserted', () => {
  const odd: Row = Object.assign(Object.create(null), row(1, 'a'), { start_time: tooLong })
  Object.defineProperty(odd, '__proto__', { value: 'x', enumerable: true })
  const changes = changesOf([
    ['delete', odd],
    ['delete', row(2, 'a')],
    ['insert', row(2, 'b')],
    ['insert', row(1, 'b')],
  ])
  const [, , , last] = toldOf(changes, 1)
  expect(last).toMatchObject({ tag: 'update', ordinal: 3 })
  const old = last?.tag === 'update' ? last.old : null
  expect(Object.entries(old ?? {})).toEqual([...Object.entries(odd)])
  expect(toldOf(changes, 1, 0).map(({ tag }) => tag)).toEqual(['delete', 'delete', 'insert', 'update'])
})
