import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { work } from '../../testbed/clinic-work.js'
import { payloadOf } from '../../testbed/due.js'
import { dueBodies, openSite, path, seenBodies, seenCount } from '../support/site.js'

test('the six notifications arrive with the payloads of the source document, byte for byte', async () => {
  await using site = await openSite()
  await site.start()
  const clinic = new Clinic(site.client)
  await clinic.admit()
  // Half a second before a DST change in New York, with microseconds.
  const start = { seconds: Date.parse('2026-11-01T05:59:59Z') / 1000, micros: 123_456 }
  const { booking, due: created } = await clinic.book({ start, minutes: 45 })
  const { booking: forNobody, due: held } = await clinic.book({ patient: null, start: null, minutes: null })
  const due = [
    created,
    held,
    await clinic.rescheduleByReplacement(booking),
    await clinic.cancel(booking),
    await clinic.restore(booking),
    await clinic.checkIn(booking),
    await clinic.miss(forNobody),
  ]
  await site.receiver.until(({ delivered }) => delivered.length === due.length)
  expect(seenBodies(site.receiver)).toEqual(dueBodies(due))
  expect(due.map(({ notification }) => notification)).toEqual([
    'created',
    'created',
    'rescheduled',
    'cancelled',
    'reverted',
    'checked_in',
    'no_show',
  ])
  expect(payloadOf(created)).toMatchObject({
    start_time: '2026-11-01T05:59:59.123456+00:00',
    end_time: '2026-11-01T06:44:59.123456+00:00',
  })
  expect(payloadOf(held)).toMatchObject({ canvas_patient_key: null, start_time: null, end_time: null })
  expect(site.receiver.faults).toEqual([])
  expect(site.receiver.posts.map(({ sequence }) => sequence).sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('a clinic’s day: everything due arrives once, in order for each appointment, and nothing else', async () => {
  await using site = await openSite()
  const daemon = await site.start()
  const clinic = new Clinic(site.client, { seed: 7 })
  const due = await work(clinic, 400)
  await site.receiver.until(({ delivered }) => delivered.length >= due.length)
  // A last act behind all others: what was not due would have come before it.
  due.push((await clinic.book()).due)
  await site.receiver.until(({ delivered }) => delivered.length >= due.length)
  expect(seenBodies(site.receiver)).toEqual(dueBodies(due))
  expect(site.receiver.posts.length).toBe(due.length)
  expect(site.receiver.faults).toEqual([])
  const delivered = daemon.lines.filter(({ msg }) => msg === 'notification delivered')
  expect(delivered.length).toBeGreaterThanOrEqual(due.length - 1)
  expect(Object.keys(delivered[0] ?? {}).sort()).toEqual(
    'appointment_external_id attempt duration_ms endpoint lag_ms level lsn msg notification sequence status time webhook_id'.split(
      ' ',
    ),
  )
})

test('10,000 rows by COPY make 10,000 distinct ids', async () => {
  await using site = await openSite()
  await site.start()
  await site.database.query(`
    INSERT INTO patient (key, first_name, last_name, birth_date) VALUES ('k1', 'A', 'B', '2000-01-01');
    INSERT INTO appointment (patient_id, provider_id, start_time, duration_minutes)
    SELECT 1, i, '2027-01-01T00:00:00Z'::timestamptz + i * interval '1 minute', 15 FROM generate_series(1, 10000) i`)
  await site.receiver.until(({ delivered }) => delivered.length >= 10_000, 50_000)
  expect(seenCount(site.receiver)).toBe(10_000)
  expect(site.receiver.posts.length).toBe(10_000)
  expect(new Set(site.receiver.posts.map(({ headers }) => headers['notification-lsn'])).size).toBe(1)
  expect(site.receiver.faults).toEqual([])
})

test('a note without an appointment notifies nothing', async () => {
  await using site = await openSite()
  await site.start()
  await site.database.query(`
    INSERT INTO note (provider_id, note_type_id) VALUES (1, 1);
    INSERT INTO note_state_change_event (note_id, state) VALUES (1, 'CLD')`)
  const { due } = await new Clinic(site.client).book({ patient: null })
  await site.receiver.until(({ posts }) => posts.length > 0)
  expect(site.receiver.posts.map(({ body }) => body)).toEqual([payloadOf(due)])
})

test('an appointment booked before the daemon was there is found by its note', async () => {
  await using site = await openSite()
  const clinic = new Clinic(site.client)
  await clinic.admit()
  const { booking } = await clinic.book()
  await site.start()
  const due = await clinic.cancel(booking)
  await site.receiver.until(({ posts }) => posts.length > 0)
  expect(site.receiver.posts[0]?.body).toEqual(payloadOf(due))
  expect(site.receiver.posts[0]?.path).toBe(path)
})
