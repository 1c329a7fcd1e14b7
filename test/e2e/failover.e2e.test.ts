// A primary that dies while its standby, which has the slot by PostgreSQL's own synchronization, is promoted in its place: the
// daemon goes on there by the hosts of its config. What the new primary has is told once; what it lacks was never told.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { defaultMajor, type Major } from '../../testbed/majors.js'
import { startPostgres } from '../../testbed/postgres.js'
import { startReceiver } from '../../testbed/receiver.js'
import { isSynced, promoteStandby, startStandby } from '../../testbed/standby.js'
import { until } from '../support/condition.js'
import { path, seenCount } from '../support/site.js'

/** Older ones synchronize no slots. */
const major = Math.max(17, defaultMajor()) as Major

const connected = async (url: string) => {
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  await client.connect()
  return client
}

test('the standby that has the slot takes over: 0 lost, 0 told twice, and nothing told that it lacks', async () => {
  await using primary = await startPostgres({ major, settings: { fsync: 'off' } })
  const client = await connected(primary.superuserUrl())
  await applyClinicalSchema(client, ['schema', 'publication'])
  await client.end()
  await using standby = await startStandby(primary)
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  await using receiver = await startReceiver({ secrets: [secret] })
  const url = new URL(primary.superuserUrl())
  const hosts = `${primary.host}:${primary.port},${standby.host}:${standby.port}`
  await using home = await makeHome({
    database: { url: `postgres://${url.username}:${url.password}@${hosts}/postgres?target_session_attrs=read-write` },
    endpoints: [{ name: 'scheduling', url: receiver.url(path), secrets: [secret] }],
  })
  await using daemon = spawnNotifyd(home)
  await daemon.line('streaming')

  const before = await connected(primary.superuserUrl())
  const clinic = new Clinic(before, { seed: 1 })
  // The standby copies the slot once it has gone on: with what is booked it does.
  await until(async () => {
    await clinic.book({ patient: null })
    await before.query('SELECT pg_log_standby_snapshot()')
    return isSynced(standby, 'notifyd')
  }, 40_000)
  const early = seenCount(receiver)

  // Killed in the midst of its work: what is under way is told or not, and the standby has it or not.
  const working = (async () => {
    for (;;) await clinic.book({ patient: null })
  })().catch(() => undefined)
  await receiver.until((all) => seenCount(all) > early + 20, 20_000)
  await primary.kill()
  await working
  await promoteStandby(standby)
  const after = await connected(standby.superuserUrl())
  const later = new Clinic(after, { seed: 2 })
  for (let booked = 0; booked < 5; booked += 1) await later.book({ patient: null })
  const { rows } = await after.query<{ it: string }>('SELECT externally_exposable_id::text AS it FROM appointment')
  await receiver.until((all) => seenCount(all) >= rows.length, 30_000)
  await daemon.stop()

  const told = receiver.delivered.map(({ appointmentExternalId }) => appointmentExternalId ?? '')
  expect(new Set(told)).toEqual(new Set(rows.map(({ it }) => it)))
  // Another id for the same appointment would make more of them.
  expect(seenCount(receiver)).toBe(rows.length)
  expect(daemon.lines.map(({ msg }) => msg)).toContain('the server was promoted; nothing is missing')
  expect(receiver.faults).toEqual([])
  await after.end()
})
