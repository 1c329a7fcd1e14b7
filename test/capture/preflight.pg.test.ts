import { describe, expect, test } from 'vitest'
import type { Finding, Sql, WatchedTable } from '../../src/capture/finding.js'
import { isSamePublication } from '../../src/capture/fingerprint.js'
import { inspectPublication } from '../../src/capture/publication.js'
import { defaultMajor } from '../../testbed/majors.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { preflightOf } from '../support/watched.js'

const tables: readonly WatchedTable[] = [
  {
    model: 'appointment',
    schema: 'public',
    table: 'appointment',
    columns: ['id', 'externally_exposable_id', 'patient_id', 'start_time', 'duration_minutes', 'note_id'],
    taken: [],
    moments: ['start_time'],
    minutes: ['duration_minutes'],
    published: true,
    needsOldImage: true,
    selected: true,
  },
  {
    model: 'notestatechangeevent',
    schema: 'public',
    table: 'note_state_change_event',
    columns: ['id', 'note_id', 'state'],
    taken: [],
    moments: [],
    minutes: [],
    published: true,
    needsOldImage: false,
    selected: true,
  },
  {
    model: 'patient',
    schema: 'public',
    table: 'patient',
    columns: ['id', 'key'],
    taken: [],
    moments: [],
    minutes: [],
    published: false,
    needsOldImage: false,
    selected: true,
  },
]

/** Looks at the database as the daemon's own role. */
async function look(
  database: TestDatabase,
  options: { slot?: string; publication?: string; watched?: readonly WatchedTable[] } = {},
) {
  const { watched = tables, ...names } = options
  return preflightOf(database, watched, names)
}

const failures = (findings: readonly Finding[]) => findings.filter((finding) => finding.level === 'fail')

const rowFilter: [string, string, string, string] = [
  'a row filter',
  'ALTER PUBLICATION notifyd SET TABLE appointment WHERE (patient_id > 3), note_state_change_event',
  'row filter',
  'DROP TABLE public.appointment',
]

describe('preflight as the daemon’s minimal role', () => {
  test('finds nothing wrong with the clinic’s own migrations, and changes nothing', async () => {
    await using database = await createTestDatabase()
    const findings = await look(database)
    expect(failures(findings)).toEqual([])
    expect(findings.length).toBeGreaterThan(8)
    expect(await database.query('SELECT FROM pg_replication_slots WHERE database = current_database()')).toEqual([])
  })

  test('warns of a publication without truncate: appointments that are gone would stand for their notes', async () => {
    await using database = await createTestDatabase()
    await database.query("ALTER PUBLICATION notifyd SET (publish = 'insert, update, delete')")
    const findings = await look(database)
    expect(failures(findings)).toEqual([])
    const warned = findings.filter(({ found }) => found.includes('does not publish truncate'))
    expect(warned).toMatchObject([{ level: 'warn', remedy: expect.stringContaining('delete, truncate') as string }])
  })

  test.each<[string, string, string, string]>([
    [
      'no REPLICA IDENTITY FULL',
      'ALTER TABLE appointment REPLICA IDENTITY DEFAULT',
      'REPLICA IDENTITY FULL',
      'ALTER TABLE public.appointment REPLICA IDENTITY FULL;',
    ],
    [
      'a missing publication',
      'DROP PUBLICATION notifyd',
      'no publication notifyd',
      'CREATE PUBLICATION notifyd FOR TABLE public.appointment, public.note_state_change_event',
    ],
    [
      'a table that is not published',
      'ALTER PUBLICATION notifyd DROP TABLE note_state_change_event',
      'does not have public.note_state_change_event',
      'ALTER PUBLICATION notifyd ADD TABLE public.note_state_change_event;',
    ],
    [
      'a publication without deletes',
      "ALTER PUBLICATION notifyd SET (publish = 'insert, update')",
      'does not publish all',
      'ALTER PUBLICATION notifyd SET',
    ],
    // PostgreSQL 14 has no row filters yet.
    ...(defaultMajor() < 15 ? [] : [rowFilter]),
    [
      'a missing table',
      'DROP TABLE note_state_change_event',
      'no table public.note_state_change_event',
      'models.notestatechangeevent.table',
    ],
    [
      'a missing column',
      'ALTER TABLE appointment RENAME COLUMN duration_minutes TO minutes',
      'no column duration_minutes',
      'models.appointment.columns',
    ],
    [
      'a missing grant',
      'REVOKE ALL ON patient FROM notifyd',
      'may not read id, key of public.patient',
      'GRANT SELECT (id, key) ON public.patient TO notifyd;',
    ],
    [
      'no USAGE on the schema',
      'REVOKE ALL ON SCHEMA public FROM public, notifyd',
      'may not use schema public',
      'GRANT USAGE ON SCHEMA public TO notifyd;',
    ],
    [
      'row security',
      'ALTER TABLE patient ENABLE ROW LEVEL SECURITY',
      'row security on public.patient',
      'ALTER ROLE notifyd BYPASSRLS;',
    ],
    [
      'a partition without the identity of its root',
      `ALTER TABLE appointment RENAME TO old_appointment;
       CREATE TABLE appointment (LIKE old_appointment) PARTITION BY RANGE (id);
       ALTER TABLE appointment REPLICA IDENTITY FULL;
       CREATE TABLE "appointment of 2026" PARTITION OF appointment DEFAULT;
       ALTER PUBLICATION notifyd SET (publish_via_partition_root = true);
       ALTER PUBLICATION notifyd DROP TABLE old_appointment; ALTER PUBLICATION notifyd ADD TABLE appointment;
       GRANT SELECT ON appointment TO notifyd`,
      'partitions of public.appointment do not have REPLICA IDENTITY FULL',
      'ALTER TABLE public."appointment of 2026" REPLICA IDENTITY FULL;',
    ],
    [
      'a view where a table is needed',
      'ALTER TABLE appointment RENAME TO bookings; CREATE VIEW appointment AS SELECT * FROM bookings; GRANT SELECT ON appointment TO notifyd',
      'public.appointment is no table but a view',
      'models.appointment.table',
    ],
    [
      'a generated column, which is not published',
      `ALTER TABLE appointment DROP duration_minutes;
       ALTER TABLE appointment ADD duration_minutes int GENERATED ALWAYS AS (20) STORED; GRANT SELECT ON appointment TO notifyd`,
      'duration_minutes of public.appointment is a generated column',
      'publish_generated_columns = stored',
    ],
    [
      'an identity that breaks the application',
      'ALTER TABLE note_state_change_event REPLICA IDENTITY NOTHING',
      'UPDATE and DELETE fail',
      'REPLICA IDENTITY FULL;',
    ],
  ])('%s fails, with what mends it', async (_name, sql, found, remedy) => {
    await using database = await createTestDatabase()
    await database.query(sql)
    const [failure] = failures(await look(database))
    expect(failure?.found).toContain(found)
    expect(failure?.remedy).toContain(remedy)
  })

  test('the SQL it prints does mend what it found', async () => {
    await using database = await createTestDatabase()
    await database.query(
      'ALTER TABLE appointment REPLICA IDENTITY DEFAULT; DROP PUBLICATION notifyd; REVOKE ALL ON patient FROM notifyd',
    )
    const found = failures(await look(database))
    expect(found).toHaveLength(3)
    for (const failure of found) await database.query(failure.remedy ?? '')
    expect(failures(await look(database))).toEqual([])
  })

  const lists: [string, string, string][] = [
    [
      'a column list beside FULL',
      'ALTER PUBLICATION notifyd SET TABLE appointment (id, externally_exposable_id, patient_id, start_time, duration_minutes, note_id), note_state_change_event',
      'public.appointment has a column list in publication notifyd',
    ],
    [
      'a column list of somebody else’s publication that lacks the key',
      `ALTER TABLE note_state_change_event REPLICA IDENTITY DEFAULT;
       CREATE PUBLICATION others FOR TABLE note_state_change_event (note_id)`,
      'public.note_state_change_event has a column list in publication others',
    ],
  ]
  test.each<[string, string, string]>([
    ...(defaultMajor() < 15 ? [] : lists),
    [
      'a table of somebody else’s in the publication, without identity',
      'CREATE TABLE stranger (id int); ALTER PUBLICATION notifyd ADD TABLE stranger',
      'public.stranger in publication notifyd has no replica identity',
    ],
    [
      'a child that came into the publication with its parent',
      'CREATE TABLE old_appointment () INHERITS (appointment); ALTER PUBLICATION notifyd SET TABLE appointment, note_state_change_event',
      'public.old_appointment in publication notifyd has no replica identity',
    ],
    [
      'an identity by an index that was dropped',
      `CREATE UNIQUE INDEX spare ON note_state_change_event (id); ALTER TABLE note_state_change_event REPLICA IDENTITY USING INDEX spare;
       DROP INDEX spare`,
      'public.note_state_change_event has no replica identity',
    ],
    [
      'an unlogged table',
      'ALTER PUBLICATION notifyd SET TABLE appointment; ALTER TABLE note_state_change_event SET UNLOGGED',
      'public.note_state_change_event is UNLOGGED',
    ],
  ])('%s would break or silence the application: the SQL mends it', async (_name, sql, found) => {
    await using database = await createTestDatabase()
    await database.query(sql)
    const [failure] = failures(await look(database))
    expect(failure?.found).toContain(found)
    await database.query(failure?.remedy ?? '')
    const rest = failures(await look(database))
    expect(rest.map((finding) => finding.found)).not.toContain(failure?.found)
    for (const { remedy } of rest) await database.query(remedy ?? '')
    expect(failures(await look(database))).toEqual([])
    await database.query('INSERT INTO note (provider_id, note_type_id) VALUES (1, 1)')
    await database.query(`INSERT INTO note_state_change_event (note_id, state) VALUES (1, 'NEW')`)
    await database.query(`UPDATE note_state_change_event SET state = 'CNF'; UPDATE appointment SET status = 'x'`)
  })

  test('an identity other than FULL on the state table is a warning: the daemon works, updates of states do not notify', async () => {
    await using database = await createTestDatabase()
    await database.query('ALTER TABLE note_state_change_event REPLICA IDENTITY DEFAULT')
    const findings = await look(database)
    expect(failures(findings)).toEqual([])
    expect(findings).toContainEqual(
      expect.objectContaining({ level: 'warn', remedy: expect.stringContaining('REPLICA IDENTITY FULL') }),
    )
  })

  test.each([
    [
      'rows of tables that inherit',
      'CREATE TABLE old_appointment () INHERITS (appointment)',
      'rows of public.old_appointment, which inherit from public.appointment, are not told',
    ],
    [
      'a duration that is no number',
      `ALTER TABLE appointment ALTER duration_minutes TYPE interval USING duration_minutes * interval '1 minute'`,
      'duration_minutes is interval, which is not read as minutes',
    ],
    ['a start that is a text', 'ALTER TABLE appointment ALTER start_time TYPE text', 'start_time is text'],
  ])('%s are warned of', async (_name, sql, found) => {
    await using database = await createTestDatabase()
    await database.query(sql)
    const warned = (await look(database)).filter(
      ({ level, title }) => level === 'warn' && title !== 'max_slot_wal_keep_size',
    )
    expect(warned.map((finding) => finding.found).join()).toContain(found)
  })

  test('a partitioned table needs publish_via_partition_root', async () => {
    await using database = await createTestDatabase()
    await database.query(`
      CREATE TABLE lab (id int, at date) PARTITION BY RANGE (at);
      CREATE TABLE lab_2026 PARTITION OF lab FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      ALTER TABLE lab REPLICA IDENTITY FULL; ALTER TABLE lab_2026 REPLICA IDENTITY FULL;
      ALTER PUBLICATION notifyd ADD TABLE lab`)
    const lab = {
      model: 'lab',
      schema: 'public',
      table: 'lab',
      columns: ['id'],
      taken: [],
      moments: [],
      minutes: [],
      published: true,
      needsOldImage: false,
      selected: false,
    }
    const [failure] = failures(await look(database, { watched: [...tables, lab] }))
    expect(failure?.remedy).toContain('publish_via_partition_root = true')
    await database.query('ALTER PUBLICATION notifyd SET (publish_via_partition_root = true)')
    expect(failures(await look(database, { watched: [...tables, lab] }))).toEqual([])
  })
})

test('the publication’s fingerprint changes with what matters, and only with that', async () => {
  await using database = await createTestDatabase()
  const sql: Sql = {
    query: async <R extends object>(text: string, values?: unknown[]) => ({
      rows: (await database.query(text, values)) as R[],
    }),
  }
  const other = { ...tables[1], model: 'other', table: 'other', columns: ['id'] } as WatchedTable
  const inspect = (watched = tables, followed?: ReadonlyMap<number, string>) =>
    inspectPublication(sql, 'notifyd', watched, followed)
  const print = async (watched = tables) => (await inspect(watched)).fingerprint
  const { fingerprint: before, published } = await inspect()
  // Looked at while it has another name: the same table.
  await database.query('CREATE SCHEMA attic; ALTER TABLE appointment SET SCHEMA attic')
  expect(isSamePublication(before, (await inspect(tables, published)).fingerprint)).toBe(true)
  await database.query('ALTER TABLE attic.appointment SET SCHEMA public; ALTER TABLE appointment RENAME TO away')
  expect((await inspect(tables, published)).fingerprint).toBe(before)
  await database.query('ALTER TABLE away RENAME TO appointment')
  await database.query('CREATE TABLE other (id int PRIMARY KEY); ALTER PUBLICATION notifyd ADD TABLE other')
  await database.query('ALTER TABLE appointment ADD more int; ALTER TABLE appointment DROP comment')
  expect(isSamePublication(before, await print())).toBe(true)
  await database.query('ALTER PUBLICATION notifyd DROP TABLE appointment')
  await database.query('ALTER PUBLICATION notifyd ADD TABLE appointment')
  const putBack = await print()
  expect(putBack).not.toBe(before)
  expect(isSamePublication(before, putBack)).toBe(false)
  await database.query('ALTER TABLE note_state_change_event REPLICA IDENTITY DEFAULT')
  const weaker = await print()
  expect(isSamePublication(putBack, weaker)).toBe(false)
  expect(isSamePublication(weaker, putBack)).toBe(true) // what `check` asks for is no gap
  await database.query('ALTER TABLE note_state_change_event REPLICA IDENTITY FULL')
  const withOther = await print([...tables, other])
  expect(isSamePublication(putBack, withOther)).toBe(true) // a further model in the config loses nothing of the others
  expect(isSamePublication(withOther, putBack)).toBe(false)
  // Changed and changed back: nothing to see but that it was altered.
  await database.query("ALTER PUBLICATION notifyd SET (publish = 'insert')")
  await database.query("ALTER PUBLICATION notifyd SET (publish = 'insert, update, delete, truncate')")
  expect(isSamePublication(putBack, await print())).toBe(false)
  // Two followed tables under each other's name.
  const altered = await print()
  const exchange = `ALTER TABLE appointment RENAME TO mig; ALTER TABLE note_state_change_event RENAME TO appointment;
    ALTER TABLE mig RENAME TO note_state_change_event`
  await database.query(exchange)
  expect(isSamePublication(altered, await print())).toBe(false)
  await database.query(exchange)
  expect(isSamePublication(altered, await print())).toBe(true)
  // As an older version noted it: without models, and without the version of the catalog's row.
  const [oid, publishesAll, viaRoot, held] = JSON.parse(altered) as [string, boolean, boolean, string[][]]
  const older = JSON.stringify([oid, publishesAll, viaRoot, held.map((one) => one.slice(0, 3))])
  expect(isSamePublication(older, altered)).toBe(true)
  await database.query('DROP PUBLICATION notifyd')
  expect(await print()).toBe('')
  expect(isSamePublication(putBack, '')).toBe(false)
})
