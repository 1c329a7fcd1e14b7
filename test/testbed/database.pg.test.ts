import pg from 'pg'
import { expect, test } from 'vitest'
import { until } from '../support/condition.js'
import { createTestDatabase } from '../support/database.js'

test('gives each test a database of its own with the clinic in it', async () => {
  await using one = await createTestDatabase()
  await using other = await createTestDatabase()
  await one.query(`INSERT INTO patient (key, first_name, last_name, birth_date) VALUES ('k', 'A', 'B', '2000-01-01')`)
  expect(await one.query('SELECT key FROM patient')).toEqual([{ key: 'k' }])
  expect(await other.query('SELECT key FROM patient')).toEqual([])
})

test('publishes both tables of the clinic with their old rows', async () => {
  await using database = await createTestDatabase()
  const rows = await database.query(
    `SELECT tablename, (SELECT relreplident FROM pg_class WHERE oid = tablename::regclass)
     FROM pg_publication_tables WHERE pubname = 'notifyd' ORDER BY 1`,
  )
  expect(rows).toEqual([
    { tablename: 'appointment', relreplident: 'f' },
    { tablename: 'note_state_change_event', relreplident: 'f' },
  ])
})

test('can leave the publication and the role out', async () => {
  await using database = await createTestDatabase({ migrations: ['schema'] })
  expect(await database.query('SELECT FROM pg_publication')).toEqual([])
})

test('lets the daemon read the mapped columns and nothing else', async () => {
  await using database = await createTestDatabase()
  const daemon = new pg.Client(database.url)
  await daemon.connect()
  try {
    await daemon.query('SELECT id, key FROM patient')
    await daemon.query('SELECT id, externally_exposable_id, patient_id, start_time, note_id, status FROM appointment')
    await daemon.query('SELECT id, note_id, state, created FROM note_state_change_event')
    for (const forbidden of [
      'SELECT first_name FROM patient',
      'SELECT comment FROM appointment',
      'SELECT * FROM note',
      `UPDATE appointment SET status = 'x'`,
    ]) {
      await expect(daemon.query(forbidden), forbidden).rejects.toMatchObject({ code: '42501' })
    }
  } finally {
    await daemon.end()
  }
})

test('leaves no slot and no connection, while one streams', async () => {
  const database = await createTestDatabase()
  await database.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [database.slot])
  await using witness = await createTestDatabase({ migrations: [] })
  const stream = new pg.Client({ connectionString: database.url, replication: 'database' } as pg.ClientConfig)
  const cut = new Promise((resolve) => stream.once('error', resolve))
  await stream.connect()
  const streaming = stream.query(
    `START_REPLICATION SLOT ${database.slot} LOGICAL 0/0 (proto_version '1', publication_names '"notifyd"')`,
  )
  await Promise.race([
    new Promise((resolve) =>
      (stream as pg.Client & { connection: pg.Connection }).connection.once('replicationStart', resolve),
    ),
    streaming,
  ])
  await database[Symbol.asyncDispose]()
  await expect(streaming).rejects.toThrow()
  await cut
  expect(await witness.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [database.slot])).toEqual([])
  const connected = 'SELECT FROM pg_stat_activity WHERE datname = $1'
  await until(async () => (await witness.query(connected, [database.name])).length === 0)
})
