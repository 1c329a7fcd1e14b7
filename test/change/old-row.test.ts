// Which old values a change came with, where a row and its key look alike: how many columns are set, and how many are null.
import { expect, test } from 'vitest'
import type { Row, RowChange } from '../../src/capture/change-message.js'
import { makeModel } from '../../src/change/model.js'
import { oldRowOf } from '../../src/change/old-row.js'
import { clinicalModels } from './captured.js'

const position = {
  ordinal: 0,
  relation: { oid: 1, schema: 'public', table: 'appointment', identity: 'full', columns: [] },
} as const
const updated = (old: Row | null, key?: Row): RowChange => ({
  ...position,
  tag: 'update',
  old,
  new: {},
  ...(key !== undefined && { key }),
})
const deleted = (old: Row, keyOnly?: true): RowChange => ({
  ...position,
  tag: 'delete',
  old,
  ...(keyOnly !== undefined && { keyOnly }),
})

/** So many columns that are set, and so many that are null. */
const row = (set: number, empty: number): Row =>
  Object.fromEntries(Array.from({ length: set + empty }, (_, at) => [`c${at}`, at < set ? 'x' : null]))
const { appointment, noteState } = clinicalModels

test.each([
  ['a key of one column', row(1, 10), false],
  ['a key of three, and three others', row(3, 3), false],
  ['more set than a key has', row(4, 10), true],
  ['fewer null than a whole row would have', row(3, 2), true],
  ['a whole row', row(8, 3), true],
])('of an appointment, sent as if whole: %s', (_, old, isWhole) => {
  expect(oldRowOf(updated(old), appointment)).toEqual({ row: old, isWhole })
  expect(oldRowOf(deleted(old), appointment)).toEqual({ row: old, isWhole })
  expect(oldRowOf(deleted(old, true), appointment)).toEqual({ row: old, isWhole: false })
})

test('a note state has a state, or is its key alone', () => {
  const whole = { id: '1', note_id: '26', state: 'CLD', originator_id: null, created: null, modified: null }
  expect(oldRowOf(deleted(whole), noteState)).toEqual({ row: whole, isWhole: true })
  const key = { ...whole, note_id: null, state: null }
  expect(oldRowOf(deleted(key), noteState)).toEqual({ row: key, isWhole: false })
  expect(oldRowOf(updated(key), noteState)).toEqual({ row: key, isWhole: false })
})

test('of a further model every row is what it seems to be', () => {
  const report = makeModel({
    name: 'report',
    schema: 'public',
    table: 'report',
    changeType: 'PATIENT',
    columns: {},
    excluded: [],
  })
  expect(oldRowOf(updated(row(1, 10)), report)).toEqual({ row: row(1, 10), isWhole: true })
})

test('an old key is told of an appointment alone; nothing at all is no whole row', () => {
  const key = { id: '14' }
  expect(oldRowOf(updated(null, key), appointment)).toEqual({ row: key, isWhole: false })
  expect(oldRowOf(updated(null, key), noteState)).toEqual({ row: null, isWhole: false })
  expect(oldRowOf(updated(null), appointment)).toEqual({ row: null, isWhole: false })
})
