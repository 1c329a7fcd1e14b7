// check on a server of its own, whose settings, roles and WAL are the test's: what a start would meet is said before it.
import { expect, test } from 'vitest'
import { defaultMajor } from '../../testbed/majors.js'
import { openServer } from '../support/own-server.js'
import { path } from '../support/site.js'
import { checkShape } from './shapes.js'

async function openChecked(settings: Readonly<Record<string, string>>) {
  const server = await openServer(settings)
  /** Exit status and rows as `mark title: found → remedy`. */
  const check = async () => {
    const command = server.spawn(['check', '--json'])
    const { status } = await command.exited
    const { findings } = checkShape.parse(JSON.parse(command.stdout))
    const rows = findings.map(({ level, title, found, remedy }) => `${level} ${title}: ${found} → ${remedy}`)
    return { status, row: (title: string) => rows.find((one) => one.split(': ')[0]?.endsWith(title)) ?? '' }
  }
  return { server, check, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test('what a start would meet: the first one, where it goes on, a slot about to be lost, a gap, an accepted gap', async () => {
  await using place = await openChecked({ max_wal_size: '32MB', max_slot_wal_keep_size: '1GB' })
  const { server, check } = place
  const first = await check()
  expect([first.status, first.row('start')]).toEqual([0, expect.stringContaining('ok start: the first start makes')])
  expect(first.row('replication connection')).toMatch(/^ok .*opened: cluster \d+, timeline 1/)
  expect(first.row('max_replication_slots')).toContain('64 of 64 free')
  await server.deliver(0)
  await server.book(1)
  await server.deliver(1)

  const later = await check()
  expect([later.status, later.row('start')]).toEqual([
    0,
    expect.stringMatching(/^ok start: goes on at [0-9A-F]+\/[0-9A-F]+ /),
  ])
  const writeWal = `DO $$ BEGIN FOR i IN 1..5 LOOP PERFORM pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal(); END LOOP; END $$`
  await server.onServer((client) => client.query(writeWal))
  expect((await check()).row('slot notifyd')).toMatch(/^warn .*wal_status extended, \d+ MB of WAL retained: more than/)
  await server.onServer(async (client) => {
    await client.query(`ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'`)
    await client.query('SELECT pg_reload_conf()')
  })
  expect((await check()).row('slot notifyd')).toMatch(/^warn .*wal_status unreserved.*the next checkpoint removes WAL/)
  await server.onServer((client) => client.query('CHECKPOINT'))
  const lost = await check()
  expect([lost.status, lost.row('start')]).toEqual([3, expect.stringContaining('fail start: the slot is lost')])
  expect((await server.spawn(['run', '--halt-on-gap']).exited).status).toBe(4)
  expect((await server.spawn(['gaps', 'accept']).exited).status).toBe(0)
  const accepted = await check()
  expect([accepted.status, accepted.row('start')]).toEqual([0, expect.stringContaining('warn start: goes on behind')])
})

test('a role without REPLICATION on a managed service; a server whose commits wait for any standby', async () => {
  await using place = await openChecked({
    synchronous_standby_names: '*',
    synchronous_commit: 'local',
    ...(defaultMajor() >= 18 && { idle_replication_slot_timeout: '1d' }),
  })
  const { server, check } = place
  const before = await check()
  expect(before.status).toBe(0)
  expect(before.row('synchronous_standby_names')).toContain('every COMMIT of the application waits for notifyd')
  expect(before.row('idle_replication_slot_timeout')).toMatch(defaultMajor() >= 18 ? /^warn .* 1d: a daemon/ : /^$/)
  expect(before.row('role')).toMatch(/^warn .*postgres is a superuser/)
  expect(before.row('max_slot_wal_keep_size')).toContain(`ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'`)

  await server.onServer((client) =>
    client.query(`CREATE ROLE rds_superuser; CREATE ROLE rds_replication; CREATE ROLE plain LOGIN PASSWORD 'plain';
      GRANT SELECT ON appointment, note_state_change_event, patient TO plain`),
  )
  await server.configure({
    database: { url: server.postgres.urlFor('plain', 'plain', 'postgres') },
    endpoints: [{ name: 'scheduling', url: server.receiver.url(path) }],
  })
  const without = await check()
  expect(without.status).toBe(3)
  expect(without.row('role')).toBe('fail role: role plain may not replicate → GRANT rds_replication TO plain;')
  expect(without.row('max_slot_wal_keep_size')).toContain('= 50GB in the DB parameter group')
  await server.onServer((client) => client.query('GRANT rds_replication TO plain'))
  const member = await check()
  expect(member.row('role')).toContain('ok role: plain may replicate, as a member of rds_replication')
  // This server is none of the service's, and asks for the attribute: the connection itself has the last word.
  expect(member.row('replication connection')).toMatch(/^fail .*it cannot be opened \(42501\)/)
})
