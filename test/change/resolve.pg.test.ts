// Which appointment and patient a change belongs to, by the WAL's images and a real clinical database.
import { describe, expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import { appointmentOf } from '../../src/change/appointment.js'
import type { Appointment, CapturedChange, FieldValue } from '../../src/change/captured-change.js'
import { type AppointmentImages, Resolver } from '../../src/change/resolve.js'
import { clinical, site } from './clinical-site.js'

const images = (...appointments: Appointment[]): AppointmentImages => ({
  appointmentsOfNotes: (notes) =>
    new Map(
      notes.map((note) => {
        const ofNote = appointments.filter(({ note_id }) => note_id === note)
        return [note, ofNote.map((appointment) => ({ appointment, inserted: true }))]
      }),
    ),
})

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
      ['9', true, 'image'],
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

test('keys of blank-padded char(n) are found: they are compared as the WAL has them', async () => {
  await using database = await site(`
    ALTER TABLE appointment DROP CONSTRAINT appointment_patient_id_fkey, DROP CONSTRAINT appointment_note_id_fkey;
    ALTER TABLE note DROP CONSTRAINT note_patient_id_fkey;
    ALTER TABLE patient ALTER id DROP IDENTITY; ALTER TABLE patient ALTER id TYPE char(4);
    ALTER TABLE appointment ALTER patient_id TYPE char(4), ALTER note_id TYPE char(6)`)
  const { lookup } = clinical(database)
  const event = captured('notestatechangeevent', { id: 1, note_id: '1     ', state: 'CLD' })
  const booked = captured('appointment', { id: 5, note_id: null, patient_id: '3   ' })
  const resolved = await new Resolver(images(), { lookup }).resolve([event, booked])
  expect(resolved.map(({ appointment, patientKey }) => [appointment?.id, patientKey])).toEqual([
    ['11', 'key-1'],
    ['5', 'key-3'],
  ])
})
