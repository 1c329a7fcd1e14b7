// Golden pairs: SQL run on a real PostgreSQL, and the field_changes that must come of it. What stands above `-- changes` is
// done before the slot is made.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { NotReadyError } from '../../src/base/errors.js'
import type { CapturedChange } from '../../src/change/captured-change.js'
import { type Model, makeModel } from '../../src/change/model.js'
import { capturedOf, followed, rowModel } from '../support/changes.js'

const folder = fileURLToPath(new URL('./golden/', import.meta.url))
const appointments = makeModel({
  name: 'appointment',
  schema: 'public',
  table: 'appointment',
  changeType: 'APPOINTMENT',
  columns: {},
  excluded: [],
})
const rows = rowModel

/** Runs `before`, makes the slot, runs `sql`, and gives the changes. */
async function changesOf(before: string, sql: string, models: readonly Model[]): Promise<CapturedChange[]> {
  const follow = await followed(before)
  await using database = follow.database
  await database.query(`ALTER ROLE notifyd IN DATABASE ${database.name} SET datestyle = 'German, DMY'`)
  await database.query(`ALTER ROLE notifyd IN DATABASE ${database.name} SET timezone = 'Asia/Kolkata'`)
  await database.query(`ALTER ROLE notifyd IN DATABASE ${database.name} SET extra_float_digits = -3`)
  await database.query(sql)
  // Awaited here: the database goes when this returns.
  return await capturedOf(follow, models)
}

/** A long value would make a golden file unreadable. */
const shortened = (changes: readonly CapturedChange[]): unknown =>
  JSON.parse(JSON.stringify(changes.map((change) => change.fieldChanges)).replaceAll('x'.repeat(9000), '<9000 x>'))

describe('field_changes', () => {
  const names = readdirSync(folder).flatMap((file) => (file.endsWith('.sql') ? [file.slice(0, -4)] : []))
  test.each(names)('%s', async (name) => {
    const [before = '', sql = ''] = readFileSync(`${folder}${name}.sql`, 'utf8').split('-- changes\n')
    const expected: unknown = JSON.parse(readFileSync(`${folder}${name}.field_changes.json`, 'utf8'))
    expect(shortened(await changesOf(before, sql, [appointments, rows()]))).toEqual(expected)
  })

  test('of rows from before a renaming bear the canonical name too, where the config knows the former one', async () => {
    const before = 'CREATE TABLE row (id int PRIMARY KEY, begins text); ALTER TABLE row REPLICA IDENTITY FULL'
    const sql = `INSERT INTO row VALUES (1, 'old');
      BEGIN; INSERT INTO row VALUES (2, 'old'); ALTER TABLE row RENAME begins TO starts; INSERT INTO row VALUES (3, 'new'); COMMIT;
      ALTER TABLE row ADD begins text; INSERT INTO row VALUES (4, 'new', 'another')`
    const options = {
      name: 'row',
      schema: 'public',
      table: 'row',
      changeType: 'TASK',
      columns: { start: 'starts' },
    } as const
    const known = makeModel({ ...options, formerColumns: { start: ['begins'] }, excluded: ['begins'] })
    const changes = await changesOf(before, sql, [known])
    expect(changes.map(({ fieldChanges }) => fieldChanges.fields)).toEqual([
      { id: [null, 1], start: [null, 'old'] },
      { id: [null, 2], start: [null, 'old'] },
      { id: [null, 3], start: [null, 'new'] },
      { id: [null, 4], start: [null, 'new'] },
    ])
    const unknown = changesOf(before, sql, [makeModel({ ...options, excluded: [] })])
    await expect(unknown).rejects.toThrow('no longer has the column starts')
  })

  test('bear canonical names; excluded columns reach neither fields nor image', async () => {
    const before = `CREATE TABLE row (dbid int PRIMARY KEY, "When.exactly" timestamptz, secret text, other text);
      ALTER TABLE row REPLICA IDENTITY FULL`
    const sql = `INSERT INTO row VALUES (1, '2026-01-01 00:00+00', 'hush', 'seen')`
    const model = makeModel({
      name: 'row',
      schema: 'public',
      table: 'row',
      changeType: 'TASK',
      columns: { id: 'dbid', start_time: 'When.exactly' },
      excluded: ['secret'],
    })
    const [change] = await changesOf(before, sql, [model])
    const at = '2026-01-01T00:00:00+00:00'
    expect(change?.fieldChanges.fields).toEqual({ id: [null, 1], start_time: [null, at], other: [null, 'seen'] })
    expect(change?.image).toEqual({ id: 1, start_time: at })
  })

  test('leave an unchanged TOAST value in the image, from the old row', async () => {
    const before = `CREATE TABLE row (id int PRIMARY KEY, big text, n int); ALTER TABLE row ALTER big SET STORAGE EXTERNAL;
      ALTER TABLE row REPLICA IDENTITY FULL; INSERT INTO row VALUES (1, repeat('x', 9000), 1)`
    const [change] = await changesOf(before, 'UPDATE row SET n = 2', [rows({ note: 'big' })])
    expect(change?.fieldChanges.fields).toEqual({ n: [1, 2] })
    expect(change?.image['note']).toHaveLength(9000)
  })

  test('of a partitioned table bear the root’s name; a move between partitions is an update', async () => {
    const before = `CREATE TABLE row (id int, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
      CREATE TABLE row_a PARTITION OF row FOR VALUES IN ('a'); CREATE TABLE row_b PARTITION OF row FOR VALUES IN ('b');
      ALTER TABLE row REPLICA IDENTITY FULL; ALTER TABLE row_a REPLICA IDENTITY FULL`
    const sql = `INSERT INTO row VALUES (1, 'a'); UPDATE row SET kind = 'b'`
    const changes = await changesOf(before, sql, [rows()])
    expect(changes.map(({ operation, ordinal }) => [operation, ordinal])).toEqual([
      ['insert', 0],
      ['update', 2],
    ])
    expect(changes[1]?.fieldChanges.fields).toEqual({ kind: ['a', 'b'] })
  })

  test('TRUNCATE of a partitioned table comes under the root’s name; of a partition alone, or its DROP, nothing comes', async () => {
    const before = `CREATE TABLE row (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE row_a PARTITION OF row FOR VALUES FROM (1) TO (5); CREATE TABLE row_b PARTITION OF row DEFAULT`
    const sql = 'TRUNCATE row_a; DROP TABLE row_b; TRUNCATE row; INSERT INTO row VALUES (2)'
    const changes = await changesOf(before, sql, [rows()])
    expect(changes.map(({ operation, fieldChanges }) => [operation, fieldChanges.model_name])).toEqual([
      ['truncate', 'row'],
      ['insert', 'row'],
    ])
  })

  test('show a new column from its first row on, also within the transaction that adds it', async () => {
    const before = 'CREATE TABLE row (id int PRIMARY KEY); ALTER TABLE row REPLICA IDENTITY FULL'
    const sql = 'INSERT INTO row VALUES (1); ALTER TABLE row ADD more int; INSERT INTO row VALUES (2, 7)'
    const changes = await changesOf(before, sql, [rows()])
    expect(changes.map(({ fieldChanges }) => fieldChanges.fields)).toEqual([
      { id: [null, 1] },
      { id: [null, 2], more: [null, 7] },
    ])
  })

  test('do not mind a canonical name on a column that is excluded', async () => {
    const before = 'CREATE TABLE row (id int PRIMARY KEY, counted int)'
    const sql = 'ALTER TABLE row ADD n int; INSERT INTO row VALUES (1, 2, 3)'
    const [change] = await changesOf(before, sql, [rows({ n: 'counted' }, ['n'])])
    expect(change?.fieldChanges.fields).toEqual({ id: [null, 1], n: [null, 2] })
  })

  test.each([
    ['a mapped column that disappears', 'ALTER TABLE row DROP counted', /no longer has the column counted/],
    ['a new column that bears a canonical name', 'ALTER TABLE row ADD n int', /has a column n, and/],
  ])('stop at %s', async (_, ddl, message) => {
    const before = 'CREATE TABLE row (id int PRIMARY KEY, counted int)'
    const changing = changesOf(before, `${ddl}; INSERT INTO row (id) VALUES (1)`, [rows({ n: 'counted' })])
    await expect(changing).rejects.toThrow(NotReadyError)
    await expect(changing).rejects.toThrow(message)
  })
})
