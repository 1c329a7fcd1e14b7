// Which old values a change came with, where a row and its key look alike.
import { expect, test } from 'vitest'
import type { Row, RowChange } from '../../src/capture/change-message.js'
import { makeModel } from '../../src/change/model.js'
import { oldRowOf } from '../../src/change/old-row.js'
import { clinicalModels } from './captured.js'

const position = {
  ordinal: 0,
  relation: { oid: 1, schema: 'public', table: 'appointment', identity: 'full', columns: [] },
} as const
const updated = (old: Row | null, row: Row, key?: Row): RowChange => ({
  ...position,
  tag: 'update',
  old,
  new: row,
  ...(key !== undefined && { key }),
})
const deleted = (old: Row, keyOnly?: true): RowChange => ({
  ...position,
  tag: 'delete',
  old,
  ...(keyOnly !== undefined && { keyOnly }),
})

const { appointment, noteState } = clinicalModels
const named = new Map(['id', 'externally_exposable_id', 'start_time', 'note_id', 'state'].map((name) => [name, name]))
const nothing = { id: null, externally_exposable_id: null, start_time: null, note_id: null, status: null }
const known = { ...nothing, id: '1', externally_exposable_id: 'uuid' }
const full = { ...known, start_time: '10:00', note_id: '5', status: 'booked' }

test.each<[string, Row, Row, boolean]>([
  ['a row of few values', { ...known, start_time: '10:00' }, { ...known, start_time: '11:00' }, true],
  ['a row that is hardly more than its key', known, { ...known, start_time: '11:00' }, true],
  ['a row with all its values', full, { ...full, note_id: '6' }, true],
  ['a row whose value was too long to be sent again', full, { ...full, status: undefined, note_id: '6' }, true],
  ['a row whose key changed', full, { ...full, id: '2' }, true],
  [
    'a row without an external id, of few values',
    { ...nothing, id: '1', start_time: '10:00' },
    { ...nothing, id: '1', start_time: '11:00' },
    true,
  ],
  ['the primary key alone', { ...nothing, id: '1' }, { ...full, id: '2' }, false],
  [
    'the primary key with the partition’s',
    { ...nothing, id: '1', start_time: '10:00' },
    { ...full, start_time: '11:00' },
    false,
  ],
  [
    'another index',
    { ...nothing, externally_exposable_id: 'uuid' },
    { ...full, externally_exposable_id: 'other' },
    false,
  ],
  ['an index of both ids', known, { ...full, id: '2' }, false],
])('of an appointment that was updated: %s', (_, old, row, isWhole) => {
  expect(oldRowOf(updated(old, row), appointment, named)).toEqual({ row: old, isWhole })
})

test.each<[string, Row, boolean]>([
  ['a row of few values', { ...known, start_time: '10:00' }, true],
  ['its primary key', { ...nothing, id: '1' }, false],
  ['its primary key with the partition’s', { ...nothing, id: '1', start_time: '10:00' }, false],
  ['both its ids', known, false],
])('of an appointment that was deleted: %s', (_, old, isWhole) => {
  expect(oldRowOf(deleted(old), appointment, named)).toEqual({ row: old, isWhole })
  expect(oldRowOf(deleted(old, true), appointment, named)).toEqual({ row: old, isWhole: false })
})

test('a note state has a state, or nothing that came has changed, or it is its key alone', () => {
  const whole = { id: '1', note_id: '26', state: 'CLD', created: null }
  expect(oldRowOf(deleted(whole), noteState, named)).toEqual({ row: whole, isWhole: true })
  const key = { ...whole, note_id: null, state: null }
  expect(oldRowOf(deleted(key), noteState, named)).toEqual({ row: key, isWhole: false })
  expect(oldRowOf(updated(key, { ...whole, id: '2' }), noteState, named)).toEqual({ row: key, isWhole: false })
  const before = { ...whole, state: null }
  expect(oldRowOf(updated(before, whole), noteState, named)).toEqual({ row: before, isWhole: true })
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
  expect(oldRowOf(updated(nothing, full), report, named)).toEqual({ row: nothing, isWhole: true })
})

test('an old key is told of an appointment alone; nothing at all is no whole row', () => {
  const key = { id: '14' }
  expect(oldRowOf(updated(null, full, key), appointment, named)).toEqual({ row: key, isWhole: false })
  expect(oldRowOf(updated(null, full, key), noteState, named)).toEqual({ row: null, isWhole: false })
  expect(oldRowOf(updated(null, full), appointment, named)).toEqual({ row: null, isWhole: false })
})
