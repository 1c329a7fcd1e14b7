// A database as the application left it: setup's SQL makes it ready, check says so, and what it says in between is true.
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { defaultMajor } from '../../testbed/majors.js'
import { startPgbouncer } from '../../testbed/pgbouncer.js'
import { createTestDatabase } from '../support/database.js'
import { openSite } from '../support/site.js'
import { checkShape, setupShape } from './shapes.js'

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
    expect(setup.stdout).toMatch(/notifyd check finds all that it needs\n$/)
  }
  await site.configure(site.config)
  const check = site.spawn(['check'])
  expect([(await check.exited).status, check.stdout.includes('✗')]).toEqual([0, false])
})

test('a partitioned table is set up whole, children stay out; --undo takes back what setup made, the slot too', async () => {
  await using site = await openSite({ migrations: ['schema', 'role'] })
  await site.database.query(`
    ALTER TABLE appointment RENAME TO old_appointment;
    CREATE TABLE appointment (LIKE old_appointment INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE appointment_all PARTITION OF appointment DEFAULT;
    ALTER TABLE note_state_change_event REPLICA IDENTITY USING INDEX note_state_change_event_pkey;
    CREATE TABLE old_event () INHERITS (note_state_change_event);
    INSERT INTO old_event (id, note_id, state) VALUES (1, 1, 'BKD')`)
  const admin = ['--database-url', site.database.superuserUrl]
  const run = async (...args: string[]) => {
    const command = site.spawn(args)
    return { ...(await command.exited), out: command.stdout, err: command.stderr }
  }
  const made = await run('setup', '--json', ...admin)
  const stored = defaultMajor() < 18 ? '' : ', publish_generated_columns = stored'
  const { failing, ...carriedOut } = setupShape.parse(JSON.parse(made.out))
  expect(carriedOut).toEqual({
    changed: true,
    statements: [
      'ALTER TABLE public.appointment REPLICA IDENTITY FULL;',
      'ALTER TABLE public.appointment_all REPLICA IDENTITY FULL;',
      'ALTER TABLE public.note_state_change_event REPLICA IDENTITY FULL;',
      `CREATE PUBLICATION notifyd FOR TABLE public.appointment, ONLY public.note_state_change_event WITH (publish_via_partition_root = true${stored});`,
      `COMMENT ON PUBLICATION notifyd IS 'notifyd setup, replica identity before: {"public.appointment":"DEFAULT","public.appointment_all":"DEFAULT","public.note_state_change_event":"INDEX note_state_change_event_pkey"}';`,
    ],
  })
  // And what is left for somebody else to do.
  expect(failing?.map(({ level, remedy }) => [level, remedy])).toEqual([
    ['fail', expect.stringMatching(/^GRANT SELECT .* ON public.appointment TO notifyd;$/)],
  ])
  await site.database.query('GRANT SELECT ON appointment TO notifyd')
  // A child has no primary key of its own: published, it would refuse this.
  await site.database.query(`UPDATE old_event SET state = 'CNF'`)
  const tested = await run('check', '--send-test', '--json')
  const { ready, findings } = checkShape.parse(JSON.parse(tested.out))
  expect([tested.status, ready]).toEqual([0, true])
  expect(findings.map(({ title }) => title)).toEqual(
    expect.arrayContaining(['max_wal_senders', 'journal', 'endpoint scheduling', 'endpoint scheduling, test']),
  )
  expect(site.receiver.posts.map(({ notification }) => notification)).toEqual(['test'])
  expect(site.receiver.faults).toEqual([])

  const daemon = await site.start()
  expect(await run('setup', '--undo', ...admin)).toMatchObject({ status: 3, err: expect.stringContaining('in use') })
  await daemon.stop()
  expect(await run('setup', '--undo', ...admin)).toMatchObject({ status: 0, err: '' })
  const left = await site.database.query(
    `SELECT slot_name AS name FROM pg_replication_slots WHERE slot_name = '${site.database.slot}' UNION ALL SELECT pubname FROM pg_publication
     UNION ALL SELECT relname FROM pg_class WHERE relreplident IN ('f', 'i') AND relnamespace = 'public'::regnamespace`,
  )
  expect(left).toEqual([{ name: 'note_state_change_event' }])
})

test('what setup did not make, --undo does not take back; what is missing of a publication is added', async () => {
  await using site = await openSite({ migrations: ['schema', 'role'] })
  // Names of slots are the cluster's: this one is another database's.
  await using other = await createTestDatabase({ migrations: [] })
  await other.query('SELECT pg_create_logical_replication_slot($1, $2)', [site.database.slot, 'pgoutput'])
  await site.database.query(`
    ALTER TABLE appointment REPLICA IDENTITY FULL; CREATE PUBLICATION notifyd FOR TABLE appointment`)
  const setup = async (...args: string[]) => {
    const command = site.spawn(['setup', ...args, '--database-url', site.database.superuserUrl])
    expect(await command.exited).toEqual({ status: 0, signal: null })
    return command.stdout.trim().split('\n')
  }
  const stored = 'ALTER PUBLICATION notifyd SET (publish_generated_columns = stored);'
  const made = await setup()
  const end = made.indexOf('done: the daemon reads as notifyd')
  // The slot is another database's, which the daemon could not use.
  expect(made.slice(end + 1)).toEqual(['notifyd check:', expect.stringContaining('✗ start'), expect.any(String)])
  expect(made.slice(0, end)).toEqual([
    ...(defaultMajor() < 18 ? [] : [stored]),
    'ALTER TABLE public.note_state_change_event REPLICA IDENTITY FULL;',
    'ALTER PUBLICATION notifyd ADD TABLE public.note_state_change_event;',
    expect.stringContaining('{"public.note_state_change_event":"DEFAULT"}'),
  ])
  const undone = await setup('--undo')
  expect(undone).toContain('ALTER TABLE public.note_state_change_event REPLICA IDENTITY DEFAULT;')
  expect(undone.join()).toContain('-- public.appointment keeps REPLICA IDENTITY FULL: setup did not make it')
  const full = await site.database.query(`SELECT relname FROM pg_class WHERE relreplident = 'f'`)
  expect(full).toEqual([{ relname: 'appointment' }])
  expect(await other.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [site.database.slot])).toHaveLength(
    1,
  )
})

test('setup refuses what would make the application’s writes fail, and changes nothing', async () => {
  await using site = await openSite({ migrations: ['schema', 'role'] })
  const hasLists = defaultMajor() >= 15
  await site.database.query(`
    CREATE TABLE lab (id int, result text);
    CREATE TABLE log_line (id int PRIMARY KEY); ALTER TABLE log_line SET UNLOGGED;
    CREATE PUBLICATION others FOR TABLE appointment ${hasLists ? '(id, start_time)' : ''}`)
  const models = {
    lab_report: { table: 'lab', change_type: 'LAB_REPORT' },
    task: { table: 'log_line', change_type: 'TASK' },
    message: { table: 'nowhere', change_type: 'MESSAGE' },
  }
  await site.configure({ ...site.config, models })
  const setup = site.spawn(['setup', '--database-url', site.database.superuserUrl])
  expect((await setup.exited).status, setup.stderr).toBe(3)
  expect(setup.stderr).toContain('public.lab has no primary key and no replica identity')
  expect(setup.stderr).toContain('ALTER TABLE public.lab REPLICA IDENTITY FULL;')
  expect(setup.stderr).toContain('public.log_line is UNLOGGED')
  expect(setup.stderr).toContain('there is no table public.nowhere')
  if (hasLists) expect(setup.stderr).toContain('public.appointment has a column list in publication others')
  expect(await site.database.query(`SELECT FROM pg_publication WHERE pubname = 'notifyd'`)).toEqual([])
  expect(await site.database.query(`SELECT FROM pg_class WHERE relreplident = 'f'`)).toEqual([])
})

test('check of endpoints, protocols and the journal: a row for each, with what mends it', async () => {
  await using site = await openSite()
  const endpoints = [
    { name: 'private', url: 'https://[fd00::1]/' },
    { name: 'nobody', url: 'http://localhost:9/' },
    { name: 'off', url: 'https://example.org/', enabled: false },
  ].map((endpoint) => ({ ...endpoint, secrets: [] }))
  const url_policy = { allow_hosts: ['[fd00::1]'] }
  const journal = { url: './config.json/journal.db' }
  await site.configure({ ...site.config, endpoints, url_policy, protocols: ['./none.ts'], journal })
  const check = site.spawn(['check'])
  expect((await check.exited).status).toBe(3)
  expect(check.stdout).toMatch(/^✗ journal +.*config\.json cannot be written \(ENOTDIR\)/m)
  expect(check.stdout).toMatch(/^! endpoint nobody +localhost:9 does not answer \(ECONNREFUSED\)/m)
  expect(check.stdout).toMatch(/^! endpoint nobody, signature +no secret/m)
  expect(check.stdout).toMatch(/^! endpoint off +disabled/m)
  expect(check.stdout).toMatch(/^✗ protocols +.*none\.ts: it does not load/m)
})

test('check of a database that does not answer is a row like any other', async () => {
  await using site = await openSite()
  await site.configure({ ...site.config, database: { url: 'postgres://nobody@127.0.0.1:9/x' } })
  const check = site.spawn(['check'])
  expect((await check.exited).status).toBe(3)
  expect(check.stdout).toMatch(/✗ connection +the database does not answer \(ECONNREFUSED\)/)

  const { hostname: host, port } = new URL(site.database.url)
  await using pooler = await startPgbouncer({ host, port: Number(port) })
  const url = site.database.url.replace(`:${port}/`, `:${pooler.port}/`)
  await site.configure({ ...site.config, database: { url, slot: site.database.slot } })
  const through = site.spawn(['check'])
  const daemon = site.spawn()
  expect((await through.exited).status).toBe(3)
  expect(through.stdout).toContain('the database refuses us (08P01): unsupported startup parameter')
  expect(through.stdout).toContain('→ this looks like a pooler')
  const line = await daemon.line(({ code }) => code === '08P01')
  expect([line['reason'], line['remedy']]).toEqual([
    expect.stringContaining('unsupported startup parameter'),
    expect.stringContaining('this looks like a pooler'),
  ])
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

test('setup with another URL ends with all that check still fails, in one round', async () => {
  await using site = await openSite({ migrations: ['schema', 'role'] })
  await site.database.query('REVOKE SELECT ON patient, note_state_change_event FROM notifyd')
  await site.configure({ ...site.config, journal: { url: `${site.home.configFile}/journal.db` } })
  const setup = site.spawn(['setup', '--database-url', site.database.superuserUrl])
  expect(await setup.exited).toEqual({ status: 0, signal: null })
  const left = setup.stdout.slice(setup.stdout.indexOf('notifyd check:'))
  for (const table of ['patient', 'note_state_change_event'])
    expect(left).toMatch(new RegExp(`GRANT SELECT .*${table}`))
  expect(left).toContain('✗ journal')
  expect(left).not.toMatch(/[✓!] /)

  const { url } = site.config['database'] as { url: string }
  const nobody = url.replace(/\/\/[^:@]+/, '//nobody_yet')
  await site.configure({ ...site.config, database: { url: nobody, slot: site.database.slot } })
  const unmade = site.spawn(['setup', '--database-url', site.database.superuserUrl])
  expect(await unmade.exited).toEqual({ status: 0, signal: null })
  expect(unmade.stdout).toMatch(/CREATE ROLE nobody_yet .*GRANT SELECT .*notifyd check:\n✗ connection/s)
})
