// The daemon's reads of a clinical database: whose keys and names are odd, whose rows may be hidden, whose connection may be cut.
import pg from 'pg'
import { expect, test } from 'vitest'
import { makeModel } from '../../src/change/model.js'
import { TcpPath } from '../../testbed/tcp-path.js'
import { until } from '../support/condition.js'
import { createTestDatabase } from '../support/database.js'
import { clinicalModels } from './captured.js'
import { clinical, site } from './clinical-site.js'

const model = (name: string, table: string, columns: Readonly<Record<string, string>> = {}) =>
  makeModel({ name, schema: 'public', table, changeType: 'APPOINTMENT', columns, excluded: [] })

test('row security that would hide rows is an error, and never an empty answer', async () => {
  await using database = await site('ALTER TABLE appointment ENABLE ROW LEVEL SECURITY')
  await expect(clinical(database).real.lookup(['1'], [], 9)).rejects.toMatchObject({ code: '42501' })
})

test('patients’ appointments come newest first, each with its states oldest first, and ids as field_changes has them', async () => {
  await using database = await site(`
    INSERT INTO note_state_change_event (id, note_id, state, created) VALUES
      (1, 1, 'NEW', '2026-06-01 08:00+02'), (2, 1, 'BKD', '2026-06-01 08:00:01+02'), (9007199254740993, 2, 'NEW', '2026-06-01')`)
  const found = await clinical(database).real.appointmentsOf(['1', '2', '3'])
  const ofFirst = found.get('1') ?? []
  expect(ofFirst.map(({ id }) => id)).toEqual([23, 22, 21, 11])
  expect(ofFirst.map(({ state }) => state?.id ?? null)).toEqual([null, null, null, 2])
  expect(ofFirst.at(-1)).toMatchObject({
    noteId: 1,
    startTime: '2026-07-01T08:00:00.500000+00:00',
    state: { id: 2, state: 'BKD', note: 1 },
    stateHistory: [
      { id: 1, state: 'NEW', created: '2026-06-01T06:00:00+00:00' },
      { id: 2, state: 'BKD', created: '2026-06-01T06:00:01+00:00' },
    ],
  })
  // No JavaScript number holds it: text, as in field_changes.
  expect(found.get('2')?.[0]?.stateHistory).toEqual([
    { id: '9007199254740993', state: 'NEW', created: '2026-06-01T00:00:00+00:00' },
  ])
  expect(found.get('3')).toEqual([])
})

test('a column `created` that goes meanwhile leaves the states without their times', async () => {
  await using database = await site(
    "INSERT INTO note_state_change_event (id, note_id, state, created) VALUES (1, 1, 'NEW', now())",
  )
  const { real } = clinical(database)
  const created = async () => (await real.appointmentsOf(['1'])).get('1')?.at(-1)?.stateHistory[0]?.created
  expect(await created()).toMatch(/^\d{4}-/)
  await database.query('ALTER TABLE note_state_change_event RENAME created TO made')
  expect(await created()).toBeNull()
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
  const found = await real.lookup(['00000000-0000-4000-8000-0000000000ff'], [], 9)
  expect(found.appointments).toMatchObject([
    { start_time: '2026-07-01T10:00:00+00:00', end_time: '2026-07-01T11:00:00+00:00' },
  ])
  expect([...found.patientKeys]).toEqual([['00000000-0000-4000-8000-00000000000a', 'the key']])
  const patient = '00000000-0000-4000-8000-00000000000a'
  const [visit] = (await real.appointmentsOf([patient])).get(patient) ?? []
  expect(visit?.stateHistory).toEqual([{ id: 1, state: 'CLD', created: null }])
  expect([visit?.id, visit?.noteId]).toEqual([
    '00000000-0000-4000-8000-000000000001',
    '00000000-0000-4000-8000-0000000000ff',
  ])
})

test('a connection that is cut under a query fails the query, and nothing else', async () => {
  await using database = await site()
  await using path = await TcpPath.start({ host: '127.0.0.1', port: Number(new URL(database.url).port) })
  const url = new URL(database.url)
  url.port = String(path.port)
  const { real } = clinical({ url: url.href })
  await real.lookup(['1'], [], 9)
  const locker = new pg.Client(database.superuserUrl)
  await locker.connect()
  // Held when this returns, and until it ends: the query comes behind it, whoever is the faster.
  await locker.query('BEGIN; LOCK TABLE appointment')
  const waiting = expect(real.lookup(['1'], [], 9)).rejects.toMatchObject({ code: 'ECONNRESET' })
  await until(async () => {
    const rows = await database.query(
      'SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())',
    )
    return rows.length > 0
  })
  path.cut()
  await waiting
  await locker.end()
  expect((await real.lookup(['1'], [], 9)).appointments).toHaveLength(1)
})

test('a row that cannot be read fails the query: only what was asked for may be found at fault', async () => {
  await using database = await site(`
    CREATE VIEW coded AS SELECT id, externally_exposable_id, patient_id, appointment_rescheduled_from_id, start_time, duration_minutes,
      (CASE WHEN id = 12 THEN 'x' ELSE note_id::text END)::int AS note_id, entered_in_error_id FROM appointment;
    GRANT SELECT ON coded TO notifyd`)
  const { real, unheld } = clinical(database, { ...clinicalModels, appointment: model('appointment', 'coded') })
  await expect(real.lookup(['1'], [], 9)).rejects.toMatchObject({ code: '22P02' })
  expect(unheld).toEqual([])
  await expect(real.lookup(['1', 'x'], [], 9)).rejects.toMatchObject({ code: '22P02' })
  expect(unheld).toEqual([['public.coded.note_id', 1]])
})

test('what a column cannot hold is told by the column and by number, and never itself', async () => {
  await using database = await site()
  const { real, unheld } = clinical(database)
  const tooLarge = '99999999999999999999'
  const found = await real.lookup([tooLarge, '1', 'x', '2'], [tooLarge, '3'], 9)
  expect(found.appointments.map(({ id }) => id)).toEqual(['11', '12'])
  expect(found.patientKeys.get('3')).toBe('key-3')
  const ofPatients = await real.appointmentsOf([tooLarge, '2'])
  expect([...ofPatients].map(([patient, all]) => [patient, all.length])).toEqual([['2', 1]])
  expect(unheld).toEqual([
    ['public.appointment.note_id', 2],
    ['public.patient.id', 1],
    ['public.appointment.patient_id', 1],
  ])
})
