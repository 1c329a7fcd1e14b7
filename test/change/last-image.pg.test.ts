// Appointments whose old row PostgreSQL does not send, by every identity that sends none: what comes, and what is told of it
// from the last image.
import { expect, test } from 'vitest'
import { appointmentOf } from '../../src/change/appointment.js'
import { gapOfRow, toldFromLastImages } from '../../src/change/last-image.js'
import { capturedOf, followed } from '../support/changes.js'
import { clinicalModels } from './captured.js'

const columns = `(
  id bigint, externally_exposable_id uuid NOT NULL, patient_id bigint, provider_id bigint, appointment_rescheduled_from_id bigint,
  start_time timestamptz, duration_minutes int, note_id bigint, note_type_id bigint, status text, entered_in_error_id bigint, comment text`
const plain = `CREATE TABLE appointment ${columns}, PRIMARY KEY (id))`
const ofRoot = `
  CREATE TABLE appointment ${columns}, PRIMARY KEY (id)) PARTITION BY RANGE (id); ALTER TABLE appointment REPLICA IDENTITY FULL;
  CREATE TABLE appointment_1 PARTITION OF appointment DEFAULT`

const uuid = 'e999b5c7-d12f-498c-816a-f3c66946a911'
const long = `(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)`

const book = `INSERT INTO appointment (id, externally_exposable_id, patient_id, start_time, duration_minutes, note_id, status)
  VALUES (14, '${uuid}', 3, '2026-12-01 10:00Z', 20, 26, ${long})`

const read = async (schema: string, sql: readonly string[]) => {
  const follow = await followed(schema)
  await using _database = follow.database
  for (const statement of sql) await follow.database.query(statement)
  const told = toldFromLastImages(await capturedOf(follow, [clinicalModels.appointment]), { byId: () => [] }, 'UTC')
  return told.map((change) => ({ ...change, fields: change.fieldChanges.fields }))
}

test.each([
  ['DEFAULT', plain],
  ['a partition’s DEFAULT, of which the root says FULL', ofRoot],
  [
    'an index',
    `${plain}; CREATE UNIQUE INDEX outside ON appointment (externally_exposable_id);
     ALTER TABLE appointment REPLICA IDENTITY USING INDEX outside`,
  ],
])('%s: what changed is told from the last image, and only that', async (_name, schema) => {
  const [created, moved, cancelled, deleted] = await read(schema, [
    book,
    `UPDATE appointment SET start_time = '2026-12-01 11:00Z', comment = 'x'`,
    'UPDATE appointment SET entered_in_error_id = 5',
    'DELETE FROM appointment',
  ])
  expect(created).toMatchObject({ withoutOldImage: false })
  expect(moved).toMatchObject({ withoutOldImage: true, oldRowFrom: 'image', operation: 'update' })
  expect(moved?.fields).toEqual({
    start_time: ['2026-12-01T10:00:00+00:00', '2026-12-01T11:00:00+00:00'],
    comment: [null, 'x'],
  })
  expect(moved?.fieldChanges).toMatchObject({ canvas_id: 14, external_id: uuid })
  expect(cancelled?.fields).toEqual({ entered_in_error_id: [null, 5], comment: [null, 'x'] })
  // A value that was too long to be sent again is the last image's.
  expect(String(moved?.image['status'])).toHaveLength(12_800)
  if (_name === 'an index') {
    // Its id did not come: nothing can be said of it, and no image is harmed.
    expect(deleted).toMatchObject({ withoutOldImage: true, fieldChanges: { canvas_id: null, external_id: uuid } })
    expect(deleted?.oldRowFrom).toBeUndefined()
    return
  }
  expect(deleted).toMatchObject({ withoutOldImage: true, oldRowFrom: 'image', operation: 'delete' })
  expect(appointmentOf(deleted?.image ?? {}, true)).toMatchObject({
    id: '14',
    externally_exposable_id: uuid,
    note_id: '26',
    start_time: '2026-12-01T11:00:00+00:00',
    end_time: '2026-12-01T11:20:00+00:00',
    entered_in_error: true,
  })
})

test.each([
  ['a table', plain],
  ['a partition of a FULL root', ofRoot],
])('a key that changes in %s is told as that: its old row is no row of nulls', async (_name, schema) => {
  const [, moved] = await read(schema, [book.replace(long, `'booked'`), 'UPDATE appointment SET id = 15'])
  expect(moved).toMatchObject({ withoutOldImage: true, oldRowFrom: 'image' })
  expect(moved?.fields).toEqual({ id: [14, 15] })
})

test('of a FULL table a row of few values is no key: what changed is told without any image', async () => {
  const lean = plain.replace('uuid NOT NULL', 'uuid NOT NULL DEFAULT gen_random_uuid()')
  const follow = await followed(`${lean}; ALTER TABLE appointment REPLICA IDENTITY FULL;
    INSERT INTO appointment (id, start_time) VALUES (1, '2026-12-01 10:00Z'), (2, NULL)`)
  await using _database = follow.database
  await follow.database.query(`UPDATE appointment SET start_time = '2026-12-01 11:00Z'`)
  const told = toldFromLastImages(await capturedOf(follow, [clinicalModels.appointment]), { byId: () => [] }, 'UTC')
  const [was, is] = ['2026-12-01T10:00:00+00:00', '2026-12-01T11:00:00+00:00']
  expect(told.map(({ withoutOldImage, fieldChanges }) => [withoutOldImage, fieldChanges.fields])).toEqual([
    [false, { start_time: [was, is] }],
    [false, { start_time: [null, is] }],
  ])
  expect(told.map(gapOfRow)).toEqual([null, null])
})

test('an identity that is toggled within a transaction: that row alone has no old row', async () => {
  const schema = `${plain}; ALTER TABLE appointment REPLICA IDENTITY FULL`
  const toggled = `
    BEGIN; ALTER TABLE appointment REPLICA IDENTITY DEFAULT; UPDATE appointment SET duration_minutes = 30;
    ALTER TABLE appointment REPLICA IDENTITY FULL; UPDATE appointment SET duration_minutes = 40; COMMIT`
  const [, first, second] = await read(schema, [book, toggled])
  expect([first?.withoutOldImage, second?.withoutOldImage]).toEqual([true, false])
  expect([first?.fields, second?.fields]).toEqual([{ duration_minutes: [20, 30] }, { duration_minutes: [30, 40] }])
})

test('without an image it is a gap of this row, once: from then on there is an image', async () => {
  const follow = await followed(`${plain}; ${book}`)
  await using _database = follow.database
  const later = `UPDATE appointment SET start_time = start_time + interval '1 hour'`
  for (const statement of [later, later]) await follow.database.query(statement)
  const told = toldFromLastImages(await capturedOf(follow, [clinicalModels.appointment]), { byId: () => [] }, 'UTC')
  expect(told.map((change) => gapOfRow(change) !== null)).toEqual([true, false])
  expect(Object.keys(told[1]?.fieldChanges.fields ?? {})).toContain('start_time')
})
