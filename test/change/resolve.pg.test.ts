import { afterEach, describe, expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import { appointmentOf } from '../../src/change/appointment.js'
import type { Appointment, CapturedChange, FieldValue } from '../../src/change/captured-change.js'
import { ClinicalDatabase, type ClinicalModels } from '../../src/change/clinical-database.js'
import { makeModel } from '../../src/change/model.js'
import { type AppointmentImages, Resolver } from '../../src/change/resolve.js'
import { TcpPath } from '../../testbed/tcp-path.js'
import { until } from '../support/condition.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'

const model = (name: string, table: string, columns: Readonly<Record<string, string>> = {}) =>
  makeModel({ name, schema: 'public', table, changeType: 'APPOINTMENT', columns, excluded: [] })

const defaults: ClinicalModels = {
  appointment: model('appointment', 'appointment'),
  noteState: model('notestatechangeevent', 'note_state_change_event'),
  patient: model('patient', 'patient'),
}

const opened: ClinicalDatabase[] = []
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close()
})

/** The daemon's own connection, and how often it was asked for what. */
function clinical(database: TestDatabase, models = defaults) {
  const real = new ClinicalDatabase({ url: database.url, tls: null }, models, () => undefined)
  opened.push(real)
  const asked: [notes: readonly string[], patients: readonly string[]][] = []
  const lookup: ClinicalDatabase['lookup'] = (notes, patients) => {
    asked.push([notes, patients])
    return real.lookup(notes, patients)
  }
  return { real, lookup, asked }
}

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

async function site(sql = '') {
  const database = await createTestDatabase()
  await database.query(`
    INSERT INTO patient (id, key, first_name, last_name, birth_date)
    SELECT i, 'key-' || i, 'F', 'L', '2000-01-01' FROM generate_series(1, 3) i;
    INSERT INTO note (id, provider_id, note_type_id) SELECT i, 1, 1 FROM generate_series(1, 9) i;
    INSERT INTO appointment (id, patient_id, provider_id, start_time, duration_minutes, note_id, entered_in_error_id) VALUES
      (11, 1, 1, '2026-07-01 10:00:00.5+02', 20, 1, NULL), (12, 2, 1, '2026-07-02 10:00+02', 20, 2, NULL),
      (21, 1, 1, NULL, 20, 3, NULL), (22, 1, 1, NULL, 20, 3, NULL), (23, 1, 1, NULL, 20, 3, 7); ${sql}`)
  return database
}

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

test('row security that would hide rows is an error, and never an empty answer', async () => {
  await using database = await site('ALTER TABLE appointment ENABLE ROW LEVEL SECURITY')
  await expect(clinical(database).real.lookup(['1'], [])).rejects.toMatchObject({ code: '42501' })
})

test('a patient’s appointments come newest first, each with its states oldest first', async () => {
  await using database = await site(`
    INSERT INTO note_state_change_event (id, note_id, state, created) VALUES
      (1, 1, 'NEW', '2026-06-01 08:00+02'), (2, 1, 'BKD', '2026-06-01 08:00:01+02'), (3, 2, 'NEW', now())`)
  const found = await clinical(database).real.appointmentsOf('1')
  expect(found.map(({ id }) => id)).toEqual(['23', '22', '21', '11'])
  expect(found.at(-1)).toMatchObject({
    noteId: '1',
    startTime: '2026-07-01T08:00:00.500000+00:00',
    stateHistory: [
      { id: '1', state: 'NEW', created: '2026-06-01T06:00:00+00:00' },
      { id: '2', state: 'BKD', created: '2026-06-01T06:00:01+00:00' },
    ],
  })
})

test('names with dots, capitals, spaces and quotes, uuid keys, and no `created`', async () => {
  await using database = await createTestDatabase({ migrations: [] })
  await database.query(`
    CREATE TABLE "Visit.s" ("Id" uuid PRIMARY KEY, ext uuid, "pa tient" uuid, repl uuid, "be.gin" timestamp, "e""nd" timestamp, note uuid, err int);
    CREATE TABLE "Events" (id int, note uuid, code text);
    CREATE TABLE "People" (id uuid PRIMARY KEY, k text);
    INSERT INTO "People" VALUES ('00000000-0000-4000-8000-00000000000a', 'the key');
    INSERT INTO "Visit.s" VALUES ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', NULL,
      '2026-07-01 10:00', '2026-07-01 11:00', '00000000-0000-4000-8000-0000000000ff', NULL);
    INSERT INTO "Events" VALUES (1, '00000000-0000-4000-8000-0000000000ff', 'CLD');
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO notifyd`)
  const columns = {
    id: 'Id',
    externally_exposable_id: 'ext',
    patient_id: 'pa tient',
    appointment_rescheduled_from_id: 'repl',
    start_time: 'be.gin',
    end_time: 'e"nd',
    note_id: 'note',
    entered_in_error_id: 'err',
  }
  const { real } = clinical(database, {
    appointment: model('appointment', 'Visit.s', columns),
    noteState: model('notestatechangeevent', 'Events', { note_id: 'note', state: 'code' }),
    patient: model('patient', 'People', { key: 'k' }),
  })
  const found = await real.lookup(['00000000-0000-4000-8000-0000000000ff'], [])
  expect(found.appointments).toMatchObject([
    { start_time: '2026-07-01T10:00:00+00:00', end_time: '2026-07-01T11:00:00+00:00' },
  ])
  expect([...found.patientKeys]).toEqual([['00000000-0000-4000-8000-00000000000a', 'the key']])
  const [visit] = await real.appointmentsOf('00000000-0000-4000-8000-00000000000a')
  expect(visit?.stateHistory).toEqual([{ id: '1', state: 'CLD', created: null }])
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

test('a connection that is cut under a query fails the query, and nothing else', async () => {
  await using database = await site()
  await using path = await TcpPath.start({ host: '127.0.0.1', port: Number(new URL(database.url).port) })
  const url = new URL(database.url)
  url.port = String(path.port)
  const { real } = clinical({ ...database, url: url.href })
  await real.lookup(['1'], [])
  const locked = database.query('BEGIN; LOCK TABLE appointment; SELECT pg_sleep(1.5); COMMIT')
  const waiting = real.lookup(['1'], [])
  const cut = until(async () => {
    const rows = await database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  }).then(() => path.cut())
  await expect(waiting).rejects.toMatchObject({ code: 'ECONNRESET' })
  await cut
  await locked
  expect((await real.lookup(['1'], [])).appointments).toHaveLength(1)
})
