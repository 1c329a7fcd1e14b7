// A table that the daemon follows or looks up in, under another name for a while: the daemon waits instead of ending, at a look-up,
// at its start and at both; goes on by itself; and tells all that was committed meanwhile. What never was there ends a first start.
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import type { LogLine } from '../../testbed/daemon.js'
import { until } from '../support/condition.js'
import { openSite } from '../support/site.js'

/** An appointment of somebody whose key nobody has looked up yet. */
const ofSomebodyNew = (patients: string, key = 'key') => `
  WITH one AS (INSERT INTO ${patients} (${key}, first_name, last_name, birth_date) VALUES (md5(random()::text), 'A', 'B', '1980-01-01') RETURNING id)
  INSERT INTO appointment (patient_id, provider_id, start_time, duration_minutes) SELECT id, 1, '2026-12-01 09:00Z', 20 FROM one`

const isWaiting = ({ msg }: LogLine) => String(msg).startsWith('what the daemon reads has another name now')

test('a table that has another name for a while is waited for', async () => {
  await using site = await openSite()
  const { database, receiver } = site
  const clinic = new Clinic(site.client)

  // Never there: a first start says what to correct, and ends.
  await database.query('ALTER TABLE patient RENAME TO patient_mig')
  const first = site.spawn()
  expect((await first.exited).status).toBe(3)
  expect(first.stderr).toContain('there is no table public.patient')
  await database.query('ALTER TABLE patient_mig RENAME TO patient')

  const daemon = await site.start()
  const { booking } = await clinic.book({ patient: null })
  await receiver.until(({ delivered }) => delivered.length === 1)
  const url = `http://127.0.0.1:${(await daemon.line('status server listening'))['port']}`
  const isReady = (status: number) => until(async () => (await fetch(`${url}/health/ready`)).status === status)

  // A look-up finds no table (42P01); then each new connection's look at the tables does.
  await database.query('CREATE SCHEMA maint; ALTER TABLE patient SET SCHEMA maint')
  await database.query(ofSomebodyNew('maint.patient'))
  const waits = await daemon.line(isWaiting)
  expect(waits).toMatchObject({ code: '42P01', level: 'warn' })
  expect(waits['remedy']).toContain('give it its name back')
  const still = await daemon.line((line) => isWaiting(line) && line['code'] === 'NOT_READY')
  expect(still['reason']).toBe('there is no table public.patient')
  await isReady(503)
  expect(receiver.delivered).toHaveLength(1)
  const check = site.spawn(['check'])
  expect((await check.exited).status).toBe(3)
  expect(check.stdout).toContain('there is no table public.patient')
  await database.query('ALTER TABLE maint.patient SET SCHEMA public')
  await receiver.until(({ delivered }) => delivered.length === 2)
  expect(receiver.delivered[1]?.rawBody.toString()).toMatch(/"canvas_patient_key":"[^"]+".*"created":true/)
  await isReady(200)

  // A column that a look-up reads (42703).
  await database.query('ALTER TABLE patient RENAME COLUMN key TO key_mig')
  await database.query(ofSomebodyNew('patient', 'key_mig'))
  await daemon.line((line) => isWaiting(line) && line['code'] === '42703')
  await database.query('ALTER TABLE patient RENAME COLUMN key_mig TO key')
  await receiver.until(({ delivered }) => delivered.length === 3)
  await daemon.stop()

  // A start in between: a followed table is elsewhere, and written to.
  const id = booking.appointments[0]?.id ?? ''
  await database.query(
    `ALTER TABLE appointment RENAME TO mig; UPDATE mig SET start_time = start_time + interval '1 day' WHERE id = ${id}`,
  )
  const again = site.spawn()
  expect(await again.line(isWaiting)).toMatchObject({ reason: 'there is no table public.appointment', level: 'warn' })
  await database.query('ALTER TABLE mig RENAME TO appointment')
  await again.line('streaming')
  await receiver.until(({ delivered }) => delivered.length === 4)
  expect(receiver.delivered[3]?.notification).toBe('rescheduled')
  await again.stop()
  expect([...daemon.lines, ...again.lines].filter(({ level }) => level === 'error')).toEqual([])
  expect(receiver.faults).toEqual([])
}, 60_000)
