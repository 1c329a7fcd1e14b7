// State changes of notes whose appointments were there before the daemon: what the WAL has shown of them is not all there is.
import { expect, test } from 'vitest'
import { ClinicalDatabase } from '../../src/change/clinical-database.js'
import { Resolver } from '../../src/change/resolve.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { captured, clinicalModels, imagesOf } from './captured.js'

/** Note 1 stands for appointment 12, which replaced 11; both were booked before the daemon was there. */
async function resolverOf(database: TestDatabase, sql = '') {
  await database.query(`
    INSERT INTO patient (id, key, first_name, last_name, birth_date) VALUES
      (1, 'key-1', 'F', 'L', '2000-01-01'), (2, 'key-2', 'F', 'L', '2000-01-01');
    INSERT INTO note (id, provider_id, note_type_id) VALUES (1, 1, 1);
    INSERT INTO appointment (id, patient_id, provider_id, start_time, duration_minutes, note_id, appointment_rescheduled_from_id)
    VALUES (11, 1, 1, '2026-07-01 10:00+02', 20, 1, NULL), (12, 1, 1, '2026-07-02 10:00+02', 20, 1, 11); ${sql}`)
  const clinic = new ClinicalDatabase({ url: database.url, tls: null }, clinicalModels, () => undefined)
  return {
    resolver: new Resolver(imagesOf(), clinic),
    [Symbol.asyncDispose]: () => clinic.close(),
  }
}

const cancelled = (lsn: bigint) =>
  captured('notestatechangeevent', { id: 1, note_id: 1, state: 'CLD' }, { commitLsn: lsn, operation: 'insert' })
const row = (lsn: bigint, id: number, operation: 'insert' | 'update', more = {}) =>
  captured('appointment', { id, note_id: 1, patient_id: 1, ...more }, { commitLsn: lsn, operation })

test('an appointment that was entered in error does not stand for its note: the database knows the valid one', async () => {
  await using database = await createTestDatabase()
  await using site = await resolverOf(database)
  const resolved = await site.resolver.resolve([row(1n, 11, 'update', { entered_in_error_id: 5 }), cancelled(2n)])
  expect(resolved[1]).toMatchObject({ appointment: { id: '12' }, resolvedFrom: 'database', patientKey: 'key-1' })
})

test('a key that its column cannot hold is a key that nobody has; the others of the batch are found', async () => {
  await using database = await createTestDatabase()
  await using site = await resolverOf(database)
  const event = (at: bigint, note: string | number) =>
    captured('notestatechangeevent', { id: 1, note_id: note, state: 'CLD' }, { commitLsn: at, operation: 'insert' })
  const booked = captured(
    'appointment',
    { id: 1, note_id: null, patient_id: '99999999999999999999' },
    { commitLsn: 9n },
  )
  const events = [event(1n, 'no number'), event(2n, 1), event(3n, '99999999999999999999'), event(4n, 7)]
  const resolved = await site.resolver.resolve([...events, booked])
  expect(resolved.map(({ appointment, patientKey }) => [appointment?.id, patientKey])).toEqual([
    [undefined, null],
    ['12', 'key-1'],
    [undefined, null],
    [undefined, null],
    ['1', null],
  ])
})

test('what the WAL has shown counts before what the database says now', async () => {
  await using database = await createTestDatabase()
  await using site = await resolverOf(database, 'UPDATE appointment SET patient_id = 2, entered_in_error_id = 5')
  const [, event] = await site.resolver.resolve([row(1n, 12, 'update', { entered_in_error_id: 5 }), cancelled(2n)])
  expect(event).toMatchObject({
    appointment: { id: '12', patient_id: '1' },
    resolvedFrom: 'image',
    patientKey: 'key-1',
  })
})

test('an appointment that the WAL shows the booking of later was not there yet', async () => {
  await using database = await createTestDatabase()
  await using site = await resolverOf(database)
  const resolved = await site.resolver.resolve([cancelled(1n), row(2n, 12, 'insert'), cancelled(3n)])
  expect(resolved.map(({ appointment, resolvedFrom }) => [appointment?.id, resolvedFrom])).toEqual([
    ['11', 'database'],
    ['12', 'row'],
    ['12', 'image'],
  ])
})
