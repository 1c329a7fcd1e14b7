// Generated columns: neither what setup does nor the SQL that check prints may make the application's writes fail (42P10).
// PostgreSQL 18 has VIRTUAL ones, and can publish STORED ones; before it nothing of this can happen.
import { expect, test } from 'vitest'
import { readState } from '../../src/capture/database-state.js'
import { preparing, refusals } from '../../src/capture/prepare.js'
import { defaultMajor } from '../../testbed/majors.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { failuresOf, preflightOf, sqlOf, watchedTables } from '../support/watched.js'

const is18 = defaultMajor() >= 18
const stored = `search tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(status, ''))) STORED`

const preparation = async (database: TestDatabase) => {
  const options = { tables: watchedTables, publication: 'notifyd', role: 'notifyd' }
  return { ...options, found: await readState(sqlOf(database), options) }
}

/** What check says of generated columns alone. */
const hindrances = async (database: TestDatabase, tables = watchedTables) =>
  failuresOf(await preflightOf(database, tables)).filter(({ title }) => title.startsWith('generated columns'))

/** The application's own writes, of which none may fail. */
const write = (database: TestDatabase) =>
  database.query(`
    INSERT INTO note (provider_id, note_type_id) VALUES (1, 1);
    INSERT INTO appointment (provider_id, note_id) SELECT 1, max(id) FROM note;
    INSERT INTO note_state_change_event (note_id, state) SELECT max(id), 'NEW' FROM note;
    UPDATE appointment SET status = 'x'; UPDATE note_state_change_event SET state = 'CNF';
    DELETE FROM note_state_change_event; DELETE FROM appointment`)

test.each([
  ['appointment', 'no publication yet', 'DROP PUBLICATION notifyd'],
  ['appointment', 'a publication that leaves them out', 'SELECT 1'],
  ['note_state_change_event', 'a publication that leaves them out', 'SELECT 1'],
])('a STORED column of %s, %s: after setup every write of the application works', async (table, _name, sql) => {
  await using database = await createTestDatabase()
  const column = table === 'appointment' ? stored : stored.replace('status', 'state')
  await database.query(`${sql}; ALTER TABLE ${table} REPLICA IDENTITY DEFAULT; ALTER TABLE ${table} ADD ${column}`)
  const before = await preparation(database)
  expect(refusals(before)).toEqual([])
  for (const statement of preparing(before)) await database.query(statement)
  await write(database)
  expect(failuresOf(await preflightOf(database))).toEqual([])
  // One that is added later breaks nothing either.
  await database.query(`ALTER TABLE ${table} ADD ${column.replace('search', 'later')}`)
  await write(database)
})

test.each([
  ['the root and its partition, published as the root', 'appointment', true],
  ['the partition alone, published as the root', 'appointment_all', true],
  ['the root and its partition, published as itself', 'appointment', false],
])(
  'a STORED column that is added beside FULL of %s is named by check, and the SQL mends the writes',
  async (_, full, viaRoot) => {
    await using database = await createTestDatabase()
    await database.query(`
    ALTER TABLE appointment RENAME TO old_appointment;
    CREATE TABLE appointment (LIKE old_appointment INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE appointment_all PARTITION OF appointment DEFAULT;
    ALTER TABLE ${full} REPLICA IDENTITY FULL; ALTER TABLE appointment_all REPLICA IDENTITY FULL;
    ALTER PUBLICATION notifyd SET (publish_via_partition_root = ${viaRoot});
    ALTER PUBLICATION notifyd DROP TABLE old_appointment; ALTER PUBLICATION notifyd ADD TABLE appointment;
    GRANT SELECT ON appointment TO notifyd; ALTER TABLE appointment ADD ${stored}`)
    // The table itself need not be FULL: a partition of it is all the same.
    const tables = watchedTables.map((one) => ({ ...one, needsOldImage: false }))
    const found = await hindrances(database, tables)
    if (is18) {
      await expect(write(database)).rejects.toMatchObject({ code: '42P10' })
      expect(found.map((finding) => finding.found)).toEqual([
        expect.stringContaining(
          'search of public.appointment is a generated column, and publication notifyd leaves it out',
        ),
      ])
    }
    for (const { remedy } of found) await database.query(remedy ?? '')
    await write(database)
    expect(await hindrances(database, tables)).toEqual([])
  },
)

test('a STORED column in the key that is the identity is named too, and one beside it is no hindrance', async () => {
  await using database = await createTestDatabase()
  await database.query(`
    ALTER TABLE note_state_change_event REPLICA IDENTITY DEFAULT, ADD beside bigint GENERATED ALWAYS AS (id + 1) STORED;
    ALTER PUBLICATION notifyd SET TABLE appointment, note_state_change_event`)
  expect(failuresOf(await preflightOf(database))).toEqual([])
  await write(database)
  await database.query(`
    ALTER TABLE note_state_change_event ADD twice bigint NOT NULL GENERATED ALWAYS AS (id * 2) STORED;
    CREATE UNIQUE INDEX twice_key ON note_state_change_event (twice);
    ALTER TABLE note_state_change_event REPLICA IDENTITY USING INDEX twice_key`)
  const found = await hindrances(database)
  expect(found.map((finding) => finding.found)).toEqual(
    is18 ? [expect.stringMatching(/^twice of public\.note_state_change_event is a generated column/)] : [],
  )
  if (is18) await expect(write(database)).rejects.toMatchObject({ code: '42P10' })
  for (const { remedy } of found) await database.query(remedy ?? '')
  await write(database)
})

test('a publication of somebody else’s that leaves them out is named, and setup makes nothing meanwhile', async () => {
  await using database = await createTestDatabase()
  await database.query(`
    DROP PUBLICATION notifyd; ALTER TABLE appointment REPLICA IDENTITY DEFAULT; ALTER TABLE appointment ADD ${stored};
    CREATE PUBLICATION others FOR TABLE appointment`)
  const refused = refusals(await preparation(database))
  expect(refused.map(({ remedy }) => remedy)).toEqual(
    is18 ? ['ALTER PUBLICATION others SET (publish_generated_columns = stored);'] : [],
  )
  for (const { remedy } of refused) await database.query(remedy ?? '')
  for (const statement of preparing(await preparation(database))) await database.query(statement)
  await write(database)
})

// PostgreSQL before 18 has no VIRTUAL columns: there the same column is a STORED one, which must be no hindrance.
const kind = is18 ? 'VIRTUAL' : 'STORED'

test.each(['appointment', 'note_state_change_event'])(
  'a VIRTUAL column of %s beside FULL: refused by setup and by check, and the SQL is the way out',
  async (table) => {
    await using database = await createTestDatabase()
    await database.query(`ALTER TABLE ${table} ADD shown text GENERATED ALWAYS AS (upper(note_id::text)) ${kind}`)
    const refused = refusals(await preparation(database))
    const failures = failuresOf(await preflightOf(database))
    if (is18) {
      await expect(write(database)).rejects.toMatchObject({ code: '42P10' })
      for (const finding of [...refused, ...failures]) {
        expect(finding.found).toContain(`shown of public.${table} is a VIRTUAL generated column`)
      }
    }
    expect([refused.length, failures.length]).toEqual(is18 ? [1, 1] : [0, 0])
    for (const { remedy } of failures) await database.query(remedy ?? '')
    await write(database)
    expect(refusals(await preparation(database))).toEqual([])
    expect(failuresOf(await preflightOf(database))).toEqual([])
  },
)

test('a mapped VIRTUAL column of a further model: what is printed mends it, and is not printed again', async () => {
  await using database = await createTestDatabase()
  await database.query(`
    CREATE TABLE lab (id int PRIMARY KEY, report int, twice int GENERATED ALWAYS AS (report * 2) ${kind});
    ALTER PUBLICATION notifyd ADD TABLE lab`)
  const [appointment] = watchedTables
  if (appointment === undefined) throw new TypeError('no table is watched')
  const lab = { ...appointment, model: 'lab', table: 'lab', columns: ['id', 'twice'], needsOldImage: false }
  const look = async () => failuresOf(await preflightOf(database, [...watchedTables, { ...lab, selected: false }]))
  const found = await look()
  expect(found.map((finding) => finding.found)).toEqual([
    'twice of public.lab is a generated column, which is not published',
  ])
  if (is18) for (const { remedy } of found) await database.query(remedy ?? '')
  expect((await look()).length).toBe(is18 ? 0 : 1)
})
