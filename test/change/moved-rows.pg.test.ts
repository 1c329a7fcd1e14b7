// Rows that move between partitions, as PostgreSQL moves them and as a job does that empties the default partition: in transactions
// of one piece and of several, through the whole walk into a journal, with a crash amid them.
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.js'
import { Follower } from '../support/follower.js'

const partitioned = (table: string, by: string) => `
  ALTER TABLE ${table} RENAME TO old_${table};
  CREATE TABLE ${table} (LIKE old_${table} INCLUDING DEFAULTS, PRIMARY KEY (id, ${by})) PARTITION BY RANGE (${by});
  CREATE TABLE ${table}_dec PARTITION OF ${table} FOR VALUES FROM ('2026-12-01Z') TO ('2027-01-01Z');
  CREATE TABLE ${table}_default PARTITION OF ${table} DEFAULT;
  ALTER TABLE ${table} REPLICA IDENTITY FULL; ALTER TABLE ${table}_dec REPLICA IDENTITY FULL;
  ALTER TABLE ${table}_default REPLICA IDENTITY FULL;
  ALTER PUBLICATION notifyd DROP TABLE old_${table}; ALTER PUBLICATION notifyd ADD TABLE ${table};
  GRANT SELECT ON ${table} TO notifyd`

const book = (id: string, start: string, from = '') => `
  INSERT INTO appointment (id, provider_id, start_time, duration_minutes, note_id) SELECT ${id}, 1, '${start}', 20, 1 ${from}`

/** What is in the default partition goes out of it and into one of its own; `meanwhile` is done to it in between. */
const moved = (table: string, year: number, identity: 'FULL' | 'DEFAULT', meanwhile = 'SELECT') => `
  BEGIN; CREATE TEMP TABLE moving ON COMMIT DROP AS SELECT * FROM ${table}_default; ALTER TABLE ${table}_default REPLICA IDENTITY ${identity};
  DELETE FROM ${table}_default; ${meanwhile};
  CREATE TABLE ${table}_${year} PARTITION OF ${table} FOR VALUES FROM ('${year}-01-01Z') TO ('${year + 1}-01-01Z');
  ALTER TABLE ${table}_${year} REPLICA IDENTITY FULL;
  INSERT INTO ${table} SELECT * FROM moving ORDER BY id; ALTER TABLE ${table}_default REPLICA IDENTITY FULL; COMMIT`

test('a row that moves is told as updated: rescheduled where its time changed, else not at all', async () => {
  await using database = await createTestDatabase()
  await database.query(`ALTER PUBLICATION notifyd SET (publish_via_partition_root = true);
    ${partitioned('appointment', 'start_time')}; ${partitioned('note_state_change_event', 'created')};
    INSERT INTO note (id, provider_id, note_type_id) VALUES (1, 1, 1)`)
  await using follower = await Follower.open({ url: database.url, slot: database.slot })
  await follower.live()
  const state = `INSERT INTO note_state_change_event (id, note_id, state, created) VALUES (1, 1, 'CLD', '2027-06-01Z')`
  for (const sql of [
    book('1', '2026-12-30 10:00Z'),
    // Over the border of a month.
    `UPDATE appointment SET start_time = '2027-01-02 10:00Z'`,
    state,
    moved('note_state_change_event', 2027, 'FULL'),
    book('i', '2027-03-01 10:00Z', 'FROM generate_series(2, 1300) i'),
  ])
    await database.query(sql)
  await follower.live({ until: 3 + 1299 })
  const first = follower.told.map(({ notification }) => notification)
  expect(first.slice(0, 3)).toEqual(['created', 'rescheduled', 'cancelled'])
  expect(new Set(first.slice(3))).toEqual(new Set(['created']))

  // Six pieces: where the row of an insert was deleted is long since journaled. One is moved in its time, too.
  const later = `UPDATE moving SET start_time = start_time + interval '1 hour' WHERE id IN (3, 1298)`
  await database.query(moved('appointment', 2027, 'FULL', later))
  await database.query(book('2000', '2026-12-03 10:00Z'))
  await follower.live({ dies: { at: 'after append', nth: 4 } })
  await follower.live({ until: 1302 + 3 })
  expect(follower.told.slice(1302).map(({ notification }) => notification)).toEqual([
    'rescheduled',
    'rescheduled',
    'created',
  ])
  expect(follower.counts).toEqual({ ids: 1305, appointments: 1301 })

  // The same where only keys came of what was deleted: it is told from the last images, of the same piece and of one before.
  const states = 'note_state_change_event'
  const fill = `INSERT INTO ${states} (id, note_id, state, created) SELECT i, 1, 'NEW', '2028-01-02Z' FROM generate_series(10, 800) i`
  for (const sql of [
    state.replace('(1, 1', '(2, 1').replace('2027', '2028'),
    moved(states, 2028, 'DEFAULT'),
    state.replace('(1, 1', '(3, 1').replace('2027', '2029'),
    fill.replace('2028', '2029'),
    moved(states, 2029, 'DEFAULT'),
    book('i', '2028-03-01 10:00Z', 'FROM generate_series(3001, 3700) i'),
    moved('appointment', 2028, 'DEFAULT', later.replace('3, 1298', '3001, 3700')),
    book('4000', '2026-12-03 10:00Z'),
  ])
    await database.query(sql)
  await follower.live({ until: 1305 + 705 })
  const last = follower.told.slice(1305).map(({ notification }) => notification)
  expect(last.slice(0, 2)).toEqual(['cancelled', 'cancelled'])
  expect(new Set(last.slice(2, 702))).toEqual(new Set(['created']))
  expect(last.slice(702)).toEqual(['rescheduled', 'rescheduled', 'created'])
  expect(await follower.gaps()).toEqual([])
}, 120_000)
