// Which appointment and patient a change belongs to, by the WAL's images and a real clinical database.
import { describe, expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import { appointmentOf } from '../../src/change/appointment.js'
import type { CapturedChange, FieldValue } from '../../src/change/captured-change.js'
import { Resolver } from '../../src/change/resolve.js'
import { imagesOf } from './captured.js'
import { clinical, site } from './clinical-site.js'

const images = imagesOf

let ordinal = 0
function captured(
  name: string,
  image: Readonly<Record<string, FieldValue>>,
  more: { readonly lsn?: bigint; readonly deleted?: boolean } = {},
): CapturedChange {
  ordinal += 1
  const deleted = more.deleted ?? false
  return {
    commitLsn: (more.lsn ?? BigInt(ordinal)) as Lsn,
    committedAt: 0,
    ordinal,
    operation: deleted ? 'delete' : 'insert',
    changeType: 'APPOINTMENT',
    fieldChanges: {
      model_name: name,
      created: !deleted,
      deleted,
      fields: {},
      canvas_id: image['id'] ?? null,
      external_id: null,
      external_identifiers: null,
    },
    withoutOldImage: false,
    image,
  }
}

const state = (note: number, more = {}) =>
  captured('notestatechangeevent', { id: 1, note_id: note, state: 'CLD' }, more)
const row = (id: number, note: number | null, more: Record<string, FieldValue> = {}, options = {}) =>
  captured('appointment', { id, note_id: note, patient_id: null, ...more }, options)

describe('a state change', () => {
  test('belongs to the newest appointment of its note that is not entered in error, by WAL order and not by now', async () => {
    await using database = await site()
    const { lookup, asked } = clinical(database)
    const journaled = images(
      appointmentOf({ id: 9, note_id: 5 }, false),
      appointmentOf({ id: 10, note_id: 5 }, false),
      appointmentOf({ id: 8, note_id: 6, entered_in_error_id: 1 }, false),
    )
    const resolved = await new Resolver(journaled, { lookup }).resolve([
      state(5),
      row(101, 5),
      state(5),
      row(101, 5, { entered_in_error_id: 3 }),
      state(5),
      row(10, 7),
      state(5),
      state(7),
      row(9, 5, {}, { deleted: true }),
      state(5),
      state(6),
    ])
    const events = resolved.filter(({ fieldChanges }) => fieldChanges.model_name === 'notestatechangeevent')
    expect(
      events.map(({ appointment, resolvedFrom }) => [appointment?.id, appointment?.deleted, resolvedFrom]),
    ).toEqual([
      ['10', false, 'image'],
      ['101', false, 'image'],
      ['10', false, 'image'],
      ['9', false, 'image'],
      ['10', false, 'image'],
      ['101', false, 'image'],
      ['8', false, 'image'],
    ])
    expect(asked).toEqual([])
  })

  test('sees the appointment of its own transaction, also one that was written after it', async () => {
    await using database = await site()
    const { lookup } = clinical(database)
    const [event] = await new Resolver(images(), { lookup }).resolve([
      state(8, { lsn: 500n }),
      row(77, 8, {}, { lsn: 500n }),
    ])
    expect(event?.appointment?.id).toBe('77')
    const [earlier] = await new Resolver(images(), { lookup }).resolve([
      state(8, { lsn: 500n }),
      row(77, 8, {}, { lsn: 501n }),
    ])
    expect(earlier?.appointment).toBeNull()
  })

  test('is about what the note stood for when it was written: a replacement behind it in the transaction is another', async () => {
    await using database = await site()
    const { lookup } = clinical(database)
    const [booked, cancelled, , again] = await new Resolver(images(), { lookup }).resolve([
      row(77, 8, {}, { lsn: 500n }),
      state(8, { lsn: 501n }),
      row(78, 8, {}, { lsn: 501n }),
      state(8, { lsn: 501n }),
    ])
    expect([booked, cancelled, again].map((change) => change?.appointment?.id)).toEqual(['77', '77', '78'])
  })

  test('of a note that no image knows is asked of the database: one query for a whole batch', async () => {
    await using database = await site()
    const { lookup, asked } = clinical(database)
    const resolver = new Resolver(images(), { lookup })
    const resolved = await resolver.resolve([
      state(1),
      state(2),
      state(1),
      state(3),
      state(4),
      row(99, null, { patient_id: 3 }),
    ])
    expect(
      resolved.map(({ appointment, patientKey, resolvedFrom }) => [appointment?.id, patientKey, resolvedFrom]),
    ).toEqual([
      ['11', 'key-1', 'database'],
      ['12', 'key-2', 'database'],
      ['11', 'key-1', 'database'],
      ['22', 'key-1', 'database'],
      [undefined, null, 'none'],
      ['99', 'key-3', 'row'],
    ])
    expect(resolved[0]?.appointment).toMatchObject({
      start_time: '2026-07-01T08:00:00.500000+00:00',
      end_time: '2026-07-01T08:20:00.500000+00:00',
    })
    expect(asked).toEqual([[['1', '2', '3', '4'], ['3']]])
  })
})

test('patient keys are asked once; a patient who is not there is asked for again', async () => {
  await using database = await site()
  const { lookup, asked } = clinical(database)
  const resolver = new Resolver(images(), { lookup })
  const keys = async () =>
    (await resolver.resolve([row(1, null, { patient_id: 1 }), row(2, null, { patient_id: 40 })])).map(
      ({ patientKey }) => patientKey,
    )
  expect(await keys()).toEqual(['key-1', null])
  expect(await keys()).toEqual(['key-1', null])
  await database.query(
    `INSERT INTO patient (id, key, first_name, last_name, birth_date) VALUES (40, 'late', 'F', 'L', '2000-01-01')`,
  )
  expect(await keys()).toEqual(['key-1', 'late'])
  expect(await keys()).toEqual(['key-1', 'late'])
  expect(asked.map(([, patients]) => patients)).toEqual([['1', '40'], ['40'], ['40']])
})

test('a key that changed, or an id that another person got, is told within seconds', async () => {
  await using database = await site()
  const { lookup } = clinical(database)
  const resolver = new Resolver(images(), { lookup }, { keysLiveMs: 0 })
  const key = async () => (await resolver.resolve([row(1, null, { patient_id: 3 })]))[0]?.patientKey
  expect(await key()).toBe('key-3')
  await database.query(`UPDATE patient SET key = 'new' WHERE id = 3`)
  expect(await key()).toBe('new')
  await database.query(`DELETE FROM patient WHERE id = 3;
    INSERT INTO patient (id, key, first_name, last_name, birth_date) OVERRIDING SYSTEM VALUE VALUES (3, 'other', 'F', 'L', '2000-01-01')`)
  expect(await key()).toBe('other')
})

test('an appointment is linked to what it replaces as of the commit: also where a later statement of its transaction does it', async () => {
  await using database = await site()
  const { lookup } = clinical(database)
  const later = (lsn: bigint, id: number, from: number | null) => ({
    ...row(id, null, { appointment_rescheduled_from_id: from }, { lsn }),
    operation: 'update' as const,
  })
  const resolved = await new Resolver(images(), { lookup }).resolve([
    row(1, null, {}, { lsn: 500n }),
    row(2, null, {}, { lsn: 500n }),
    later(500n, 1, 7),
    row(3, null, {}, { lsn: 501n }),
    later(502n, 2, 7),
    later(502n, 3, 8),
  ])
  expect(resolved.map(({ appointment }) => appointment?.appointment_rescheduled_from_id)).toEqual([
    '7',
    null,
    '7',
    null,
    '7',
    '8',
  ])
})

test('a note with many appointments is asked of the database for those that stand for it first', async () => {
  await using database = await site(`
    INSERT INTO appointment (id, patient_id, provider_id, start_time, duration_minutes, note_id, entered_in_error_id)
    SELECT 1000 + i, 1, 1, '2026-07-02 10:00+02', 20, 9, CASE WHEN i > 2995 THEN 7 END FROM generate_series(1, 3000) i`)
  const { real, lookup } = clinical(database)
  const [event] = await new Resolver(images(), { lookup }).resolve([state(9)])
  expect(event?.appointment?.id).toBe('3995')
  const first = (await real.lookup(['9', '1'], [], 3)).appointments.map(({ id }) => Number(id))
  expect(first.toSorted((a, b) => a - b)).toEqual([11, 3993, 3994, 3995])
})

test('keys of blank-padded char(n) are found', async () => {
  await using database = await site(`
    ALTER TABLE appointment DROP CONSTRAINT appointment_patient_id_fkey, DROP CONSTRAINT appointment_note_id_fkey;
    ALTER TABLE note DROP CONSTRAINT note_patient_id_fkey;
    ALTER TABLE patient ALTER id DROP IDENTITY; ALTER TABLE patient ALTER id TYPE char(4);
    ALTER TABLE appointment ALTER patient_id TYPE char(4), ALTER note_id TYPE char(6)`)
  const { lookup } = clinical(database)
  const event = captured('notestatechangeevent', { id: 1, note_id: '1', state: 'CLD' })
  const booked = captured('appointment', { id: 5, note_id: null, patient_id: '3' })
  const resolved = await new Resolver(images(), { lookup }).resolve([event, booked])
  expect(resolved.map(({ appointment, patientKey }) => [appointment?.id, patientKey])).toEqual([
    ['11', 'key-1'],
    ['5', 'key-3'],
  ])
})
