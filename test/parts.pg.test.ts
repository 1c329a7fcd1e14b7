// What leaves the followed tables and comes back unseen is a gap from the last look at which it was there; what only comes or
// goes, as partitions do every month, is none.
import { expect, test } from 'vitest'
import { GapError } from '../src/base/errors.js'
import type { Sql, WatchedTable } from '../src/capture/finding.js'
import { isSamePublication } from '../src/capture/fingerprint.js'
import { parseLsn } from '../src/capture/lsn.js'
import { inspectPublication } from '../src/capture/publication.js'
import { inspectPublished } from '../src/capture/tables.js'
import { defaultMajor } from '../testbed/majors.js'
import { createTestDatabase, type TestDatabase } from './support/database.js'
import { Follower } from './support/follower.js'

const visit: WatchedTable = {
  model: 'visit',
  schema: 'public',
  table: 'visit',
  columns: ['id', 'at'],
  taken: [],
  moments: [],
  minutes: [],
  published: true,
  needsOldImage: false,
  selected: false,
}

const made = 'CREATE TABLE visit (id int NOT NULL, at int NOT NULL, note text)'
const range = (at: number) => `FOR VALUES FROM (${at}) TO (${at + 1})`
const create = (at: number) => `CREATE TABLE v${at} PARTITION OF visit ${range(at)}`
const alike = (at: number) => `CREATE TABLE v${at} (LIKE visit INCLUDING ALL)`
const attach = (at: number) => `ALTER TABLE visit ATTACH PARTITION v${at} ${range(at)}`
const detach = (at: number) => `ALTER TABLE visit DETACH PARTITION v${at}`
let nextId = 1
/** A row in each of these. */
const fill = (at: number, ...tables: string[]) =>
  (tables.length === 0 ? ['visit'] : tables)
    .map((table) => `INSERT INTO ${table} (id, at) VALUES (${nextId++}, ${at})`)
    .join('; ')
const together = (...statements: string[]) => `BEGIN; ${statements.join('; ')}; COMMIT`
const whileUnlogged = (table: string, ...statements: string[]) =>
  together(`ALTER TABLE ${table} SET UNLOGGED`, ...statements, `ALTER TABLE ${table} SET LOGGED`)

const sqlOf = (database: TestDatabase): Sql => ({
  query: async <R extends object>(text: string, values?: unknown[]) => ({
    rows: (await database.query(text, values)) as R[],
  }),
})

/** Every statement by itself, as VACUUM wants it; then whether a gap lies between the looks before and after them. */
async function expectGaps(database: TestDatabase, steps: readonly (readonly [isGap: boolean, ...string[]])[]) {
  const look = async () => (await inspectPublication(sqlOf(database), 'visits', [visit])).fingerprint
  for (const [isGap, ...statements] of steps) {
    const before = await look()
    for (const statement of statements) await database.query(statement)
    const after = await look()
    expect(!isSamePublication(before, after), statements.join('; ')).toBe(isGap)
    expect(isSamePublication(asOlderNotes(before), after), 'as an older version noted it').toBe(true)
  }
}

/** Without places and parts. */
function asOlderNotes(fingerprint: string): string {
  const parts = JSON.parse(fingerprint) as unknown[]
  return JSON.stringify(
    parts.map((part) => (Array.isArray(part) ? part.map((held: unknown[]) => held.slice(0, 4)) : part)),
  )
}

test('a partition that left and came back, or came with rows, is a gap; one that is made, filled, rewritten or dropped is none', async () => {
  await using database = await createTestDatabase({ migrations: [] })
  await database.query(`${made} PARTITION BY RANGE (at); ${create(1)}; ${create(2)}; ${fill(1)}; ${fill(2)};
    ALTER TABLE visit ADD PRIMARY KEY (id, at); CREATE INDEX visit_at ON v2 (at);
    CREATE PUBLICATION visits FOR TABLE visit WITH (publish_via_partition_root = true)`)
  const nested = `CREATE TABLE v7 PARTITION OF visit ${range(7)} PARTITION BY RANGE (id)`
  const unlogged = `CREATE UNLOGGED TABLE v8 PARTITION OF visit ${range(8)}`
  await expectGaps(database, [
    [false, 'VACUUM FULL v1', 'CLUSTER v2 USING visit_at', 'TRUNCATE v2', fill(2), 'VACUUM FREEZE pg_inherits'],
    [false, 'ALTER TABLE v1 REPLICA IDENTITY FULL', 'ALTER TABLE visit ADD more int', 'ALTER TABLE v1 RENAME TO w'],
    [false, 'ALTER TABLE w RENAME TO v1', 'ALTER TABLE visit ALTER more TYPE bigint'],
    [true, together(detach(1), fill(1, 'v1'), attach(1))],
    [false, create(3), fill(3)],
    [false, together(alike(4), attach(4))], // as pg_partman makes them
    [false, fill(4)],
    [true, alike(5), fill(5, 'v5'), attach(5)],
    [true, together(alike(6), fill(6, 'v6'), attach(6))],
    [false, detach(6), 'DROP TABLE v5'],
    [true, attach(6)],
    [false, nested, 'CREATE TABLE v7a PARTITION OF v7 FOR VALUES FROM (0) TO (999)', fill(7)],
    [true, together(detach(7), attach(7))],
    [true, whileUnlogged('v1', fill(1))],
    [true, unlogged, fill(8), 'ALTER TABLE v8 SET LOGGED'],
    [false, detach(8), unlogged.replaceAll('v8', 'w8')],
    [false, 'ALTER TABLE w8 SET LOGGED'],
  ])
})

const forAll = 'FOR ALL TABLES'
const inSchema = 'FOR TABLES IN SCHEMA public'

test.each(defaultMajor() < 15 ? [forAll] : [forAll, inSchema])(
  'a table of a publication %s that was UNLOGGED, or in another schema, for a moment is a gap',
  async (scope) => {
    await using database = await createTestDatabase({ migrations: [] })
    await database.query(`${made.replace('int NOT NULL', 'serial PRIMARY KEY')}; ${fill(1)};
      CREATE SCHEMA attic; CREATE PUBLICATION visits ${scope}`)
    const away = [
      'ALTER TABLE visit SET SCHEMA attic',
      fill(1, 'attic.visit'),
      'ALTER TABLE attic.visit SET SCHEMA public',
    ]
    const takenOut = 'ALTER PUBLICATION visits DROP TABLES IN SCHEMA public'
    await expectGaps(database, [
      [
        false,
        'VACUUM FULL visit',
        'TRUNCATE visit RESTART IDENTITY',
        fill(1),
        'ALTER TABLE visit RENAME TO w; ALTER TABLE w RENAME TO visit',
      ],
      [false, 'GRANT SELECT ON visit TO PUBLIC', 'VACUUM FREEZE pg_depend'],
      [true, whileUnlogged('visit', fill(1))],
      [scope === inSchema, ...away],
      ...(scope === inSchema ? ([[true, takenOut, takenOut.replace('DROP', 'ADD')]] as const) : []),
      // Without a TOAST table only its sequence's file tells it from a VACUUM FULL, and before 15 nothing does.
      [false, 'ALTER TABLE visit DROP note', 'VACUUM FULL visit'],
      [false, 'VACUUM FULL visit'],
      [defaultMajor() >= 15, whileUnlogged('visit', fill(1))],
    ])
    const { findings } = await inspectPublication(sqlOf(database), 'visits', [visit])
    expect(findings).toContainEqual(
      expect.objectContaining({ level: 'warn', found: expect.stringContaining(scope.slice(0, 14)) }),
    )
  },
)

test('an UNLOGGED partition is no place for rows: check and the watch say so, with what mends it', async () => {
  await using database = await createTestDatabase({ migrations: [] })
  await database.query(
    `${made} PARTITION BY RANGE (at); ${create(1)}; CREATE UNLOGGED TABLE v2 PARTITION OF visit ${range(2)}`,
  )
  const failures = async () =>
    (await inspectPublished(sqlOf(database), { ...visit, needsOldImage: false })).filter(({ found }) =>
      found.includes('UNLOGGED'),
    )
  const [failure, ...others] = await failures()
  expect(others).toEqual([])
  expect(failure).toMatchObject({ level: 'fail', found: expect.stringContaining('public.v2 is UNLOGGED') })
  await database.query(failure?.remedy ?? '')
  expect(await failures()).toEqual([])
})

const partitioned = `DROP PUBLICATION notifyd; ALTER TABLE appointment RENAME TO whole;
  CREATE TABLE appointment (LIKE whole INCLUDING DEFAULTS) PARTITION BY RANGE (provider_id);
  ALTER TABLE appointment ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;
  CREATE TABLE a1 PARTITION OF appointment FOR VALUES FROM (1) TO (2); CREATE TABLE a2 PARTITION OF appointment FOR VALUES FROM (2) TO (3);
  ALTER TABLE appointment REPLICA IDENTITY FULL; ALTER TABLE a1 REPLICA IDENTITY FULL; ALTER TABLE a2 REPLICA IDENTITY FULL;
  GRANT SELECT ON appointment TO notifyd;
  CREATE PUBLICATION notifyd FOR TABLE appointment, note_state_change_event WITH (publish_via_partition_root = true)`
const book = (provider: number) =>
  `INSERT INTO appointment (provider_id, start_time, duration_minutes) VALUES (${provider}, '2026-12-01 09:00Z', 20)`

test('a partition that was away for several looks is a gap from before it went; one that is away, or gone, halts nothing', async () => {
  await using database = await createTestDatabase()
  await using follower = await Follower.open({ url: database.url, slot: database.slot })
  const end = async () => {
    const [row] = await database.query<{ at: string }>('SELECT pg_current_wal_insert_lsn()::text AS at')
    return parseLsn(row?.at ?? '')
  }
  await database.query(partitioned)
  await follower.live()
  await database.query(`${book(1)}; ${book(2)}`)
  await follower.live({ until: 2 })
  const good = await end()
  await database.query('ALTER TABLE appointment DETACH PARTITION a1')
  await database.query('ALTER TABLE appointment DETACH PARTITION a2; DROP TABLE a2')
  await database.query("UPDATE a1 SET start_time = start_time + interval '1 day'")
  await database.query('CREATE TABLE a3 PARTITION OF appointment FOR VALUES FROM (3) TO (4)')
  await database.query('ALTER TABLE a3 REPLICA IDENTITY FULL')
  for (const told of [3, 4]) {
    await database.query(book(3))
    await follower.live({ until: told })
  }
  expect(await follower.gaps()).toEqual([])

  await database.query('ALTER TABLE appointment ATTACH PARTITION a1 FOR VALUES FROM (1) TO (2)')
  await expect(follower.live()).rejects.toThrow(GapError)
  const [gap, ...others] = await follower.gaps()
  expect(others).toEqual([])
  const [leaf] = await database.query<{ oid: string }>("SELECT 'a1'::regclass::oid::text AS oid")
  expect(gap).toMatchObject({
    kind: 'publication changed',
    reason: expect.stringContaining(`SELECT ${leaf?.oid}::regclass`),
  })
  expect(parseLsn(gap?.from ?? '')).toBeLessThanOrEqual(good)

  expect(await follower.acceptGaps()).toBe(1)
  await database.query(book(1))
  await follower.live({ until: 5 })
  await follower.live()
  expect(await follower.gaps()).toHaveLength(1)

  // UNLOGGED, while nobody looks and while somebody does: it is waited for, and what was written is missing.
  await database.query(
    `CREATE UNLOGGED TABLE a4 PARTITION OF appointment FOR VALUES FROM (4) TO (5); ALTER TABLE a4 REPLICA IDENTITY FULL; ${book(4)}`,
  )
  await expect(follower.live()).rejects.toThrow('public.a4 is UNLOGGED')
  await database.query('ALTER TABLE a4 SET LOGGED')
  await expect(follower.live()).rejects.toThrow(GapError)
})
