// The clinic's database is not as the daemon needs it: each time status 3, one message, and in it the SQL that mends it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { Journal } from '../../src/journal/journal.js'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { startPostgres } from '../../testbed/postgres.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { checkShape } from '../terminal/shapes.js'

const reader = `
import { CHANGE_TYPE, ClinicalQualityMeasure } from 'notification-protocol'
export class Reader extends ClinicalQualityMeasure {
  static Meta = { title: 'Reads', compute_on_change_types: [CHANGE_TYPE.APPOINTMENT], notification_only: true }
}`

const endpoints = [{ name: 'desk', url: 'http://127.0.0.1:9/' }]

async function failure(config: Readonly<Record<string, unknown>>) {
  await using home = await makeHome({ endpoints, ...config })
  await using daemon = spawnNotifyd(home)
  const { status } = await daemon.exited
  return { status, stderr: daemon.stderr }
}

const withDatabase = ({ url, slot }: TestDatabase, change: (url: URL) => void = () => undefined) => {
  const changed = new URL(url)
  change(changed)
  return { database: { url: changed.href, slot } }
}

describe('status 3, with what mends it', () => {
  test('a wrong password', async () => {
    await using database = await createTestDatabase()
    const config = withDatabase(database, (url) => {
      url.password = 'wrong'
    })
    const { status, stderr } = await failure(config)
    expect(status).toBe(3)
    expect(stderr).toContain('the password is wrong')
    expect(stderr).not.toContain(new URL(database.url).password)
  })

  test('the journal of a start that failed is closed: the next one has nothing to look through', async () => {
    await using database = await createTestDatabase({ migrations: ['schema'] })
    await using home = await makeHome({ endpoints, ...withDatabase(database) })
    await using daemon = spawnNotifyd(home)
    expect((await daemon.exited).status).toBe(3)
    const journal = await Journal.open(join(home.path, 'journal.db'))
    const wasClosed = await journal.upkeep.begin()
    journal.close()
    expect(wasClosed).toBe(true)
  })

  test('an unknown database', async () => {
    await using database = await createTestDatabase()
    const config = withDatabase(database, (url) => {
      url.pathname = '/nowhere'
    })
    const { status, stderr } = await failure(config)
    expect(status).toBe(3)
    expect(stderr).toContain('database "nowhere" does not exist')
  })

  const cases: readonly (readonly [what: string, sql: string, remedy: string])[] = [
    ['a missing table', 'DROP TABLE note_state_change_event', 'models.notestatechangeevent.table'],
    ['a missing column', 'ALTER TABLE appointment RENAME start_time TO begins', 'models.appointment.columns'],
    [
      'a missing grant',
      'REVOKE SELECT (key) ON patient FROM notifyd',
      'GRANT SELECT (key) ON public.patient TO notifyd;',
    ],
    ['no use of the schema', 'REVOKE USAGE ON SCHEMA public FROM notifyd, PUBLIC', 'GRANT USAGE ON SCHEMA public TO'],
    [
      'row security that would hide rows',
      'ALTER TABLE patient ENABLE ROW LEVEL SECURITY',
      'ALTER ROLE notifyd BYPASSRLS;',
    ],
    [
      'identity not FULL',
      'ALTER TABLE appointment REPLICA IDENTITY DEFAULT',
      'ALTER TABLE public.appointment REPLICA IDENTITY FULL;',
    ],
    [
      'keys that cannot be held against each other',
      'ALTER TABLE appointment DROP CONSTRAINT appointment_patient_id_fkey, ALTER patient_id TYPE text',
      'appointment patient_id with patient id',
    ],
    ['a missing publication', 'DROP PUBLICATION notifyd', 'CREATE PUBLICATION notifyd FOR TABLE'],
    [
      'a table that the publication lacks',
      'ALTER PUBLICATION notifyd DROP TABLE appointment',
      'ALTER PUBLICATION notifyd ADD TABLE public.appointment',
    ],
    [
      'a column that bears a canonical name',
      'ALTER TABLE appointment RENAME start_time TO begins; ALTER TABLE appointment ADD start_time int',
      'exclude_columns',
    ],
  ]
  test.each(cases)('%s', async (what, sql, remedy) => {
    await using database = await createTestDatabase()
    await database.query(sql)
    const models = what.includes('canonical') ? { appointment: { columns: { start_time: 'begins' } } } : {}
    const { status, stderr } = await failure({ ...withDatabase(database), models })
    expect(stderr).toContain(remedy)
    expect(stderr.match(/^notifyd:/gm)).toHaveLength(1)
    expect(status).toBe(3)
    expect(await database.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [database.slot])).toEqual([])
  })

  test('wal_level = replica', async () => {
    await using postgres = await startPostgres({ settings: { wal_level: 'replica' } })
    const { status, stderr } = await failure({ database: { url: postgres.superuserUrl() } })
    expect(stderr).toContain('ALTER SYSTEM SET wal_level = logical')
    expect(status).toBe(3)
  })

  test('a used-up slot limit', async () => {
    await using postgres = await startPostgres({ settings: { max_replication_slots: '1' } })
    const client = new pg.Client(postgres.superuserUrl())
    await client.connect()
    await applyClinicalSchema(client, ['schema', 'publication'])
    await client.query("SELECT pg_create_logical_replication_slot('taken', 'pgoutput')")
    await client.end()
    const { status, stderr } = await failure({ database: { url: postgres.superuserUrl() } })
    expect(stderr).toContain('max_replication_slots')
    expect(status).toBe(3)
  })
})

test('check tries the look-ups: types that do not compare are found before a start, with the keys to correct', async () => {
  await using database = await createTestDatabase()
  await using home = await makeHome({ endpoints, ...withDatabase(database), protocols: ['./reader.ts'] })
  await writeFile(join(home.path, 'reader.ts'), reader)
  const lookups = async () => {
    await using check = spawnNotifyd(home, ['check', '--json'])
    const { status } = await check.exited
    const { findings } = checkShape.parse(JSON.parse(check.stdout))
    const rows = findings.filter(({ title }) => title.startsWith('look-up: '))
    return { status, rows: rows.map(({ level, found, remedy }) => `${level} ${found} → ${remedy?.split(' name ')[0]}`) }
  }
  const asked = 'ok it can be asked → undefined'
  expect(await lookups()).toEqual({ status: 0, rows: [asked, asked] })
  await database.query(
    'ALTER TABLE appointment DROP CONSTRAINT appointment_patient_id_fkey, ALTER patient_id TYPE text',
  )
  const ofPatient = 'models.appointment.columns.patient_id and models.patient.columns.id'
  const text = `fail it cannot be asked: operator does not exist: bigint = text → ${ofPatient}`
  expect(await lookups()).toEqual({ status: 3, rows: [text, asked] })
  await database.query(`ALTER TABLE appointment ALTER patient_id TYPE uuid USING NULL;
    ALTER TABLE note_state_change_event DROP CONSTRAINT note_state_change_event_note_id_fkey, ALTER note_id TYPE text`)
  const ofNote = 'models.notestatechangeevent.columns.note_id and models.appointment.columns.note_id'
  expect((await lookups()).rows).toEqual([
    `fail it cannot be asked: operator does not exist: bigint = uuid → ${ofPatient}`,
    `fail it cannot be asked: operator does not exist: text = bigint → ${ofNote}`,
  ])
})

test('an unreachable server is tried again, and the log says so', async () => {
  await using home = await makeHome({ endpoints, database: { url: 'postgres://notifyd@127.0.0.1:9/clinic' } })
  await using daemon = spawnNotifyd(home)
  const line = await daemon.line((one) => one['code'] === 'ECONNREFUSED')
  expect(line).toMatchObject({ level: 'warn', retry_in_ms: expect.any(Number) })
  expect(await daemon.stop()).toEqual({ status: 0, signal: null })
})

test('what the client says of itself while it connects is in the log: a password that was not given', async () => {
  await using database = await createTestDatabase()
  const config = withDatabase(database, (url) => {
    url.password = ''
  })
  await using home = await makeHome({ endpoints, ...config })
  await using daemon = spawnNotifyd(home)
  const line = await daemon.line(({ code }) => code === 'CONNECTION')
  expect(line['reason']).toContain('password must be a string')
})
