// What applications do to tables that are followed: large values, keys that change, tables that change under their rows,
// two-phase commits. SQL on a real PostgreSQL in, `field_changes` out.
import { describe, expect, test } from 'vitest'
import { NotReadyError } from '../../src/base/errors.js'
import { type RowChange, tooLong } from '../../src/capture/change-message.js'
import type { CapturedChange, FieldValue } from '../../src/change/captured-change.js'
import { captureChange } from '../../src/change/field-changes.js'
import { capturedOf, followed, rowModel, rowsOf } from '../support/changes.js'

/** Runs `before`, makes the slot, runs the statements, each by itself, and gives the changes. */
async function changesOf(before: string, statements: readonly string[], publication?: string) {
  const follow = await followed(before, publication)
  await using database = follow.database
  for (const statement of statements) await database.query(statement)
  // Awaited here: the database goes when this returns.
  return await capturedOf(follow, [rowModel()])
}

const told = (changes: readonly CapturedChange[]) =>
  changes.map(({ operation, fieldChanges }) => [operation, fieldChanges.fields])
const fieldsOf = (changes: readonly CapturedChange[]) => changes.map(({ fieldChanges }) => fieldChanges.fields)

describe('a value of 1 MB that does not change', () => {
  const megabyte = 1024 * 1024
  const tableUnder = (identity: string) => `
    CREATE TABLE row (id int PRIMARY KEY, big text, n int); ALTER TABLE row ALTER big SET STORAGE EXTERNAL;
    ALTER TABLE row REPLICA IDENTITY ${identity};
    INSERT INTO row VALUES (1, repeat('x', ${megabyte}), 1)`

  test('is no change under FULL, and still in the row', async () => {
    const follow = await followed(tableUnder('FULL'))
    await using database = follow.database
    await database.query('UPDATE row SET n = 2')
    const [read] = await rowsOf(follow)
    const change = read?.change
    expect(change?.tag === 'update' && String(change.new['big']).length).toBe(megabyte)
    expect(told(await capturedOf(follow, [rowModel()]))).toEqual([['update', { n: [1, 2] }]])
  })

  test('is not told as null under DEFAULT, where it is not sent: it is not told at all', async () => {
    const changes = await changesOf(tableUnder('DEFAULT'), [
      'UPDATE row SET n = 2',
      `UPDATE row SET big = repeat('y', 5)`,
    ])
    expect(told(changes)).toEqual([
      ['update', { id: [null, 1], n: [null, 2] }],
      ['update', { id: [null, 1], big: [null, 'yyyyy'], n: [null, 2] }],
    ])
  })
})

describe('a change of more than can be written', () => {
  const before = `CREATE TABLE row (id int PRIMARY KEY, "Scan" text, other text); ALTER TABLE row REPLICA IDENTITY FULL;
    ALTER TABLE row ALTER "Scan" SET STORAGE EXTERNAL`

  test('stops the daemon by the names of table and column; without the column, or where it did not change, it is told', async () => {
    const follow = await followed(before)
    await using database = follow.database
    await database.query(`INSERT INTO row VALUES (1, repeat('x', 3000), 'a')`)
    await database.query(`UPDATE row SET other = 'b'`)
    const [inserted, updated] = await rowsOf(follow)
    if (inserted?.change.tag !== 'insert' || updated === undefined) throw new Error('a row was inserted and updated')
    const { change, piece } = inserted
    const unread: RowChange = { ...change, new: { ...change.new, Scan: tooLong } }
    const capture = (one: RowChange, excluded: readonly string[], maxLength?: number) =>
      captureChange({ ...one, relation: { ...one.relation } }, piece, rowModel({}, excluded), maxLength)
    const rewritten: RowChange = { ...unread, tag: 'update', old: unread.new }
    for (const [one, maxLength] of [[change, 3000] as const, [unread] as const, [rewritten] as const]) {
      const refused = () => capture(one, [], maxLength)
      expect(refused).toThrow(NotReadyError)
      expect(refused).toThrow(/with "Scan" of public\.row a change has more .*\n.*models\.row\.exclude_columns/)
      expect(refused).not.toThrow('xxx')
    }
    for (const one of [change, unread]) {
      expect(capture(one, ['Scan'], 3000)?.fieldChanges.fields).toEqual({ id: [null, 1], other: [null, 'a'] })
    }
    expect(captureChange(updated.change, updated.piece, rowModel(), 2)?.fieldChanges.fields).toEqual({
      other: ['a', 'b'],
    })
  })
})

describe('a table that changes', () => {
  const before = `CREATE TABLE row (id int PRIMARY KEY, a int, b text, gone text); ALTER TABLE row REPLICA IDENTITY FULL`

  test('between its rows: each has the columns, names and types of its own moment', async () => {
    const changes = await changesOf(before, [
      `INSERT INTO row VALUES (1, 10, 'b', 'x')`,
      'ALTER TABLE row DROP COLUMN gone',
      `INSERT INTO row VALUES (2, 20, 'b')`,
      'ALTER TABLE row RENAME COLUMN b TO c',
      `INSERT INTO row VALUES (3, 30, 'c')`,
      'ALTER TABLE row ALTER COLUMN a TYPE text',
      `INSERT INTO row VALUES (4, '0040', 'c')`,
      'ALTER TABLE row ALTER COLUMN a TYPE boolean USING a::int > 15',
      'UPDATE row SET c = NULL WHERE id = 1',
    ])
    expect(fieldsOf(changes)).toEqual([
      { id: [null, 1], a: [null, 10], b: [null, 'b'], gone: [null, 'x'] },
      { id: [null, 2], a: [null, 20], b: [null, 'b'] },
      { id: [null, 3], a: [null, 30], c: [null, 'c'] },
      { id: [null, 4], a: [null, '0040'], c: [null, 'c'] },
      { c: ['b', null] },
    ])
  })

  test('between the rows of one transaction: the same', async () => {
    const changes = await changesOf(before, [
      `BEGIN; INSERT INTO row VALUES (1, 10, 'b', 'x'); ALTER TABLE row ADD late int DEFAULT 7, DROP COLUMN gone;
       UPDATE row SET b = 'b2'; ALTER TABLE row RENAME COLUMN b TO c; ALTER TABLE row ALTER COLUMN a TYPE bigint;
       UPDATE row SET a = 9007199254740993, c = 'c'; TRUNCATE row; INSERT INTO row VALUES (2, 1, 'c', 8); COMMIT`,
    ])
    expect(told(changes)).toEqual([
      ['insert', { id: [null, 1], a: [null, 10], b: [null, 'b'], gone: [null, 'x'] }],
      ['update', { b: ['b', 'b2'] }],
      ['update', { a: [10, '9007199254740993'], c: ['b2', 'c'] }],
      ['truncate', {}],
      ['insert', { id: [null, 2], a: [null, 1], c: [null, 'c'], late: [null, 8] }],
    ])
    expect(new Set(changes.map(({ commitLsn }) => commitLsn)).size).toBe(1)
  })
})

describe('a primary key that changes', () => {
  const table = 'CREATE TABLE row (id int PRIMARY KEY, other int NOT NULL, n int)'
  const full = { id: [1, 2] }
  const blind = { id: [null, 2], other: [null, 1], n: [null, 1] }
  test.each([
    ['FULL', 'ALTER TABLE row REPLICA IDENTITY FULL', full],
    ['DEFAULT', '', blind],
    ['an index', 'CREATE UNIQUE INDEX o ON row (other); ALTER TABLE row REPLICA IDENTITY USING INDEX o', blind],
  ])('under %s is an update of one row, and its delete names the new key', async (_, identity, updated) => {
    const before = `${table}; ${identity}; INSERT INTO row VALUES (1, 1, 1)`
    const changes = await changesOf(before, ['UPDATE row SET id = 2', 'DELETE FROM row'])
    expect(told(changes).at(0)).toEqual(['update', updated])
    expect(changes.map(({ operation, fieldChanges }) => [operation, fieldChanges.canvas_id]).at(1)).toEqual([
      'delete',
      // Under an index the old row is that index's columns, and the key is not among them.
      identity.includes('INDEX') ? null : 2,
    ])
  })

  test('under NOTHING cannot be published: the application is refused, and nothing half is told', async () => {
    const follow = await followed(
      `${table}; ALTER TABLE row REPLICA IDENTITY NOTHING; INSERT INTO row VALUES (1, 1, 1)`,
    )
    await using database = follow.database
    await expect(database.query('UPDATE row SET id = 2')).rejects.toMatchObject({ code: '55000' })
    await database.query('INSERT INTO row VALUES (3, 3, 3)')
    expect(told(await capturedOf(follow, [rowModel()]))).toEqual([
      ['insert', { id: [null, 3], other: [null, 3], n: [null, 3] }],
    ])
  })
})

test('a prepared transaction is told when it is committed, in the order of the commits, and never when it is rolled back', async () => {
  const changes = await changesOf('CREATE TABLE row (id int PRIMARY KEY)', [
    `BEGIN; INSERT INTO row VALUES (1); PREPARE TRANSACTION 'odd one'`,
    `BEGIN; INSERT INTO row VALUES (2); PREPARE TRANSACTION 'odd two'`,
    'INSERT INTO row VALUES (3)',
    `ROLLBACK PREPARED 'odd two'`,
    `COMMIT PREPARED 'odd one'`,
  ])
  expect(changes.map(({ fieldChanges }) => fieldChanges.canvas_id)).toEqual([3, 1])
})

test('rows of partitions that are published by their own names are not the root’s: they are none of ours', async () => {
  const before = `CREATE TABLE row (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE row_1 PARTITION OF row FOR VALUES FROM (0) TO (10)`
  const publication = 'CREATE PUBLICATION notifyd FOR ALL TABLES WITH (publish_via_partition_root = false)'
  const follow = await followed(before, publication)
  await using database = follow.database
  await database.query('INSERT INTO row VALUES (1)')
  expect((await rowsOf(follow)).map(({ change }) => change.relation.table)).toEqual(['row_1'])
  expect(await capturedOf(follow, [rowModel()])).toEqual([])
})

describe('values', () => {
  const types = `CREATE TYPE mood AS ENUM ('fine', 'so so'); CREATE DOMAIN score AS int CHECK (VALUE > 0);
    CREATE TYPE pair AS (x int, y text)`
  const columns = `id int PRIMARY KEY, exact numeric, big_exact numeric(40, 10), f float8, at timestamptz, day date, clock time,
    zoned timetz, span interval, bytes bytea, mood mood, moods mood[], score score, grid int[][], pair pair, doc json, range int4range,
    bits bit(3), inet inet, at_list timestamptz[], money money`
  const insert = `INSERT INTO row VALUES
    (1, 123456789012345678901234567890, -123456789012345678901234567890.0123456789, 0.1, '2026-03-29 01:59:59.999999+00', '2026-02-28',
     '24:00:00', '24:00:00-11:30', '-1 years 2 mons -3 days 04:05:06.789', '\\x00ff10', 'so so', '{fine,"so so",NULL}', 7,
     '{{1,2},{NULL,4}}', '(1,"a ""b"", c")', '{"a": 1, "a": 2, "b":1.10}', '[1,5)', B'101', '10.0.0.0/8', '{"2026-07-01 00:00+02"}', 12.5),
    (2, 'NaN', NULL, '-Infinity', '-infinity', 'infinity', '00:00:00', NULL, NULL, '', NULL, '{}', NULL, '[0:1]={1,2}', NULL, 'null',
     'empty', NULL, NULL, NULL, NULL),
    (3, 0.00000000000000000000000000001, NULL, 5e-324, '4713-01-01 00:00:00+00 BC', '4713-01-01 BC', NULL, NULL, 'P0Y', NULL, NULL, NULL, NULL,
     NULL, NULL, '"\\u00e9"', NULL, NULL, NULL, NULL, NULL)`
  const exact: Readonly<Record<string, FieldValue>> = {
    exact: '123456789012345678901234567890',
    big_exact: '-123456789012345678901234567890.0123456789',
    f: 0.1,
    clock: '24:00:00',
    mood: 'so so',
    moods: '{fine,"so so",NULL}',
    grid: '{{1,2},{NULL,4}}',
    pair: '(1,"a ""b"", c")',
    doc: '{"a": 1, "a": 2, "b":1.10}',
    bytes: '\\x00ff10',
  }

  test('of odd types and at the ends of their ranges are exact, whatever the role’s and the database’s settings say', async () => {
    const follow = await followed(`${types}; CREATE TABLE row (${columns}); ALTER TABLE row REPLICA IDENTITY FULL`)
    await using database = follow.database
    await database.query(insert)
    const read = async () => JSON.stringify(fieldsOf(await capturedOf(follow, [rowModel()])))
    const plain = await read()
    const [first] = JSON.parse(plain) as Readonly<Record<string, readonly [FieldValue, FieldValue]>>[]
    for (const [name, value] of Object.entries(exact)) expect([name, first?.[name]?.[1]]).toEqual([name, value])
    for (const setting of [
      `datestyle = 'SQL, DMY'`,
      `timezone = 'America/St_Johns'`,
      `bytea_output = 'escape'`,
      'extra_float_digits = -15',
      `intervalstyle = 'sql_standard'`,
      `lc_monetary = 'C'`,
      `client_encoding = 'LATIN1'`,
      'xmloption = document',
    ]) {
      await database.query(`ALTER ROLE notifyd IN DATABASE ${database.name} SET ${setting}`)
    }
    await database.query(`ALTER DATABASE ${database.name} SET datestyle = 'German'`)
    expect(await read()).toBe(plain)
  })
})
