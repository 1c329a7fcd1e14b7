// A database as the application left it: setup's SQL makes it ready, check says so, and what it says in between is true.
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { openSite } from '../support/site.js'

test('the SQL that setup prints is all that a bare database needs', async () => {
  await using site = await openSite({ migrations: ['schema'] })
  const before = site.spawn(['check'])
  expect((await before.exited).status).toBe(3)
  expect(before.stdout).toMatch(/✗ publication notifyd +there is no publication notifyd/)
  expect(before.stdout).toContain('→ ALTER TABLE public.appointment REPLICA IDENTITY FULL;')

  const refused = site.spawn(['setup'])
  expect((await refused.exited).status).toBe(3)
  expect(refused.stderr).toContain('notifyd setup --print-sql prints the SQL')

  const printing = site.spawn(['setup', '--print-sql'])
  expect(await printing.exited).toEqual({ status: 0, signal: null })
  await site.database.query(printing.stdout)

  const after = site.spawn(['check', '--json'])
  expect((await after.exited).status).toBe(0)
  expect(JSON.parse(after.stdout)).toMatchObject({ ready: true, findings: expect.any(Array) })

  await site.start()
  await new Clinic(site.client).book({ patient: null })
  await site.receiver.until(({ delivered }) => delivered.length === 1)
})

test('setup as an owner makes what is missing, and may be run again', async () => {
  await using site = await openSite({ migrations: ['schema', 'role'] })
  await site.configure({ ...site.config, database: { url: site.database.superuserUrl, slot: site.database.slot } })
  for (const _time of ['first', 'again']) {
    const setup = site.spawn(['setup'])
    expect(await setup.exited).toEqual({ status: 0, signal: null })
  }
  await site.configure(site.config)
  const check = site.spawn(['check'])
  expect([(await check.exited).status, check.stdout.includes('✗')]).toEqual([0, false])
})

test('check of a database that does not answer is a row like any other', async () => {
  await using site = await openSite()
  await site.configure({ ...site.config, database: { url: 'postgres://nobody@127.0.0.1:9/x' } })
  const check = site.spawn(['check'])
  expect((await check.exited).status).toBe(3)
  expect(check.stdout).toMatch(/✗ connection +the database does not answer \(ECONNREFUSED\)/)
})

test.each([
  [['runn'], /Did you mean run\?/],
  [['run', '--confg', 'x'], /Did you mean --config\?/],
])('bad usage (%j) is status 2', async (args, hint) => {
  await using site = await openSite({ migrations: [] })
  const daemon = site.spawn(args)
  expect((await daemon.exited).status).toBe(2)
  expect(daemon.stderr).toMatch(hint)
})

test.each([
  [{ endpoints: [] }, 'endpoints'],
  [{ databse: {} }, 'did you mean "database"'],
  [{ protocols: ['./missing.ts'] }, 'missing.ts: it does not load'],
  [{ endpoints: [{ name: 'a', url: 'http://example.org/' }] }, 'endpoints[0].url: expected https'],
  [{ endpoints: [{ name: 'a', url: 'https://10.0.0.1/' }] }, 'endpoints[0].url: expected a public address'],
])('a config with %j is status 2', async (wrong, message) => {
  await using site = await openSite({ migrations: [] })
  await site.configure({ ...site.config, ...wrong })
  const daemon = site.spawn()
  expect((await daemon.exited).status).toBe(2)
  expect(daemon.stderr).toContain(message)
})
