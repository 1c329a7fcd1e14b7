// What the role and the slot could do, or wait for, beside what is asked of them: on a server of its own, whose pg_hba.conf, standbys
// and prepared transactions are changed.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import type { DatabaseAddress } from '../../src/capture/connection.js'
import { openControl } from '../../src/capture/control.js'
import { holderText, inspectFailover, inspectHolders, slotHolders } from '../../src/capture/hindrances.js'
import { hbaLines, inspectPhysical } from '../../src/capture/physical.js'
import { preflight } from '../../src/capture/preflight.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { createSlot } from '../../src/capture/slot.js'
import { createDaemonRole } from '../../testbed/clinical-schema.js'
import { defaultMajor } from '../../testbed/majors.js'
import { startPostgres } from '../../testbed/postgres.js'
import { UndoStack } from '../../testbed/undo-stack.js'

const is17 = defaultMajor() >= 17

async function openServer() {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { fsync: 'off' } }))
  const admin = new pg.Client(postgres.superuserUrl())
  await admin.connect()
  undo.defer(() => admin.end())
  await createDaemonRole(admin, 'a password of tests only')
  const of = (database: string): DatabaseAddress => ({
    url: postgres.urlFor('notifyd', 'a password of tests only', database),
    tls: null,
  })
  const control = openControl(of('postgres'), () => undefined)
  undo.defer(() => control.close())
  const owned = undo.move()
  return { postgres, admin, of, control, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() }
}

test('physical replication is open to the role by initdb’s pg_hba.conf, and closed by the lines that are told', async () => {
  await using server = await openServer()
  const { postgres, admin, of, control } = server
  const [open] = await inspectPhysical(control, of('postgres'))
  expect(open).toMatchObject({
    level: 'warn',
    found: expect.stringContaining('open to notifyd: it can copy the whole cluster'),
  })
  expect(open?.remedy).toContain('host  replication  notifyd  all  reject')

  await admin.query('CREATE DATABASE another')
  const file = join(postgres.dataDir, 'pg_hba.conf')
  const lines = hbaLines('notifyd', 'postgres').map((line) => line.replace('ADDRESS-OF-NOTIFYD', '127.0.0.1'))
  await writeFile(file, `${lines.join('\n')}\n${await readFile(file, 'utf8')}`)
  await admin.query('SELECT pg_reload_conf()')
  await expect
    .poll(async () => (await inspectPhysical(control, of('postgres'))).map(({ level, found }) => [level, found]))
    .toEqual([['ok', 'refused to this role']])
  // Its one database is left to it, for the stream too; no other is.
  await using stream = await ReplicationStream.connect(of('postgres'))
  expect((await stream.identify()).timeline).toBe(1)
  await expect(ReplicationStream.connect(of('another'))).rejects.toMatchObject({ code: '28000' })
})

test('a limit of connections that is too low is told before the stream finds it', async () => {
  await using server = await openServer()
  const look = async () => {
    const found = await preflight({ sql: server.control, slot: 's', publication: 'p', tables: [] })
    return found.filter(({ title }) => title === 'connection limit').map(({ level, found: what }) => [level, what])
  }
  expect(await look()).toEqual([])
  await server.admin.query('ALTER ROLE notifyd CONNECTION LIMIT 1')
  expect(await look()).toEqual([['fail', expect.stringContaining('role notifyd has CONNECTION LIMIT 1')]])
  await server.admin.query('ALTER ROLE notifyd CONNECTION LIMIT 5; ALTER DATABASE postgres CONNECTION LIMIT 2')
  expect(await look()).toEqual([
    ['warn', expect.stringContaining('role notifyd has CONNECTION LIMIT 5')],
    ['fail', expect.stringContaining('this database has CONNECTION LIMIT 2')],
  ])
})

test('what the making of a slot waits for is named: sessions, and prepared transactions of other databases', async () => {
  await using server = await openServer()
  const { postgres, admin, control } = server
  expect(await inspectHolders(control)).toEqual([])
  await admin.query('CREATE DATABASE another')
  const other = new pg.Client(postgres.superuserUrl('another'))
  await other.connect()
  await other.query('CREATE TABLE t (i int)')
  await other.query(`BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'forgotten'`)
  await other.query('BEGIN; INSERT INTO t VALUES (2)')
  const [{ pid } = { pid: 0 }] = (await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows
  expect((await slotHolders(control)).map(holderText).toSorted()).toEqual([
    `pid ${pid} of database another, of an age that only pg_read_all_stats shows`,
    expect.stringMatching(/^prepared transaction "forgotten" of database another, \d+ s old$/),
  ])
  await admin.query('GRANT pg_read_all_stats TO notifyd')
  expect((await inspectHolders(control))[0]?.found).toMatch(new RegExp(`pid ${pid} of database another, \\d+ s old`))
  // A prepared one may be about to end: only what is old is called forgotten. An hour later, as this view has it, it is.
  expect(await inspectHolders(control)).toMatchObject([{ level: 'warn' }])
  await admin.query(`CREATE SCHEMA later; CREATE VIEW later.pg_prepared_xacts AS
    SELECT gid, database, prepared - interval '1 hour' AS prepared FROM pg_catalog.pg_prepared_xacts;
    SET search_path = later, pg_catalog`)
  expect(await inspectHolders(admin)).toMatchObject([
    { level: 'fail', remedy: expect.stringContaining(`ROLLBACK PREPARED 'forgotten';`) },
  ])
  await admin.query('RESET search_path')
  await admin.query(`ALTER ROLE notifyd SET lock_timeout = '100ms'`)
  const impatient = new pg.Client(server.of('postgres').url)
  await impatient.connect()
  await expect(createSlot(impatient, 'waits')).rejects.toMatchObject({ code: '55P03' })
  await impatient.end()
  await other.query(`ROLLBACK`)
  await other.query(`ROLLBACK PREPARED 'forgotten'`)
  await other.end()
  expect(await inspectHolders(control)).toEqual([])
})

test('a slot is made as a failover slot; a standby that it waits for, and a slot that a standby would not have, are told', async () => {
  await using server = await openServer()
  const { admin, control } = server
  const look = async (slot: string) =>
    (await inspectFailover(control, slot, true)).map(({ level, title }) => [level, title])
  await createSlot(control, 'ours', true)
  await createSlot(control, 'plain')
  expect(await look('ours')).toEqual(is17 ? [['ok', 'failover']] : [])
  expect(await look('plain')).toEqual(is17 ? [['warn', 'failover']] : [])
  expect(await inspectFailover(control, 'plain', false)).toEqual([])
  if (is17) {
    await admin.query(`ALTER SYSTEM SET synchronized_standby_slots = 'standby_1'`)
    await admin.query('SELECT pg_reload_conf()')
  }
  const expected = is17
    ? [
        ['ok', 'failover'],
        ['fail', 'synchronized_standby_slots'],
      ]
    : []
  await expect.poll(() => look('ours')).toEqual(expected)
  expect(await look('plain')).toEqual(is17 ? [['warn', 'failover']] : [])
  expect(await look('yet to be made')).toEqual(is17 ? [['fail', 'synchronized_standby_slots']] : [])
})
