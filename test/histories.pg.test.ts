// A server's history against the journal's: promotions, crashes, copies that are put back. Where the history is the same nothing
// is told twice and there is no gap; where it is another, there is one, and behind it everything is told.
import pg from 'pg'
import { expect, test } from 'vitest'
import { GapError } from '../src/base/errors.js'
import { parseLsn } from '../src/capture/lsn.js'
import { applyClinicalSchema } from '../testbed/clinical-schema.js'
import { backUp, fillSegments, promote, promoteCopy, putBack } from '../testbed/history.js'
import { startPostgres } from '../testbed/postgres.js'
import { UndoStack } from '../testbed/undo-stack.js'
import { Follower } from './support/follower.js'

/** Appointments in one transaction. */
const booked = (count: number) => `
  INSERT INTO appointment (provider_id, start_time, duration_minutes)
  SELECT 1, '2026-12-01 09:00Z'::timestamptz + i * interval '1 minute', 20 FROM generate_series(1, ${count}) i`

async function openClinic() {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { fsync: 'off' } }))
  const follower = undo.use(await Follower.open({ url: postgres.superuserUrl() }))
  const owned = undo.move()
  const query = async <Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> => {
    const client = new pg.Client(postgres.superuserUrl())
    await client.connect()
    try {
      return (await client.query<Row>(sql)).rows
    } finally {
      await client.end()
    }
  }
  const client = new pg.Client(postgres.superuserUrl())
  await client.connect()
  await applyClinicalSchema(client, ['schema', 'publication'])
  await client.end()
  const book = (count = 1) => query(booked(count))
  /** The stopped server is done something to. */
  const meanwhile = async (work: () => Promise<void>) => {
    await postgres.stop('fast')
    await work()
    await postgres.start()
  }
  /** Every appointment that the database has. */
  const known = async () => {
    const rows = await query<{ id: string }>('SELECT externally_exposable_id::text AS id FROM appointment')
    return rows.map(({ id }) => id)
  }
  await follower.live()
  return {
    postgres,
    follower,
    query,
    book,
    meanwhile,
    known,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

type TestClinic = Awaited<ReturnType<typeof openClinic>>

/** A life that ends at a gap, which is found again until it is accepted. Gives the gap. */
async function halted({ follower }: TestClinic) {
  const before = (await follower.gaps()).length
  for (const _start of [1, 2])
    await expect(follower.live({ until: Number.POSITIVE_INFINITY })).rejects.toThrow(GapError)
  const found = (await follower.gaps()).slice(before)
  expect(found).toHaveLength(1)
  expect(await follower.acceptGaps()).toBe(1)
  return found[0]
}

/** With none, one, two or all of the three pieces of a transaction in the journal, the last of them not acknowledged. */
const deaths = [
  { at: 'before append', nth: 1 },
  { at: 'after append', nth: 1 },
  { at: 'after append', nth: 2 },
  { at: 'after append', nth: 3 },
] as const

test('a promotion at any moment of a large transaction tells none of it twice, under whichever timeline it began', async () => {
  await using clinic = await openClinic()
  const { postgres, follower, book, meanwhile, known } = clinic
  let due = 0
  for (const dies of deaths) {
    await book(1500)
    await follower.live({ dies })
    await meanwhile(() => promote(postgres))
    await book()
    due += 1501
    await follower.live({ until: due })
    expect(follower.counts, JSON.stringify(dies)).toEqual({ ids: due, appointments: due })
  }
  expect(follower.told).toHaveLength(due)
  expect(new Set(await known())).toEqual(new Set(follower.told.map(({ appointment }) => appointment)))
  expect(await follower.gaps()).toEqual([])
})

test('crashes of the server and of the daemon, and what the publication does not hold, are no gap', async () => {
  await using clinic = await openClinic()
  const { postgres, follower, query, book } = clinic
  await query(
    'CREATE TABLE unfollowed (id int); CREATE TABLE other (id int PRIMARY KEY); ALTER PUBLICATION notifyd ADD TABLE other',
  )
  await follower.acceptGaps()
  for (const round of [1, 2, 3]) {
    await book(2)
    await query(`INSERT INTO other VALUES (${round}); INSERT INTO unfollowed VALUES (${round})`)
    await query(`INSERT INTO unfollowed VALUES (${round})`)
    await query(
      `BEGIN; INSERT INTO other VALUES (${-round}); SAVEPOINT s; DELETE FROM other; ROLLBACK TO s; PREPARE TRANSACTION 'p'`,
    )
    await query("COMMIT PREPARED 'p'")
    await follower.live({ dies: { at: 'after append', nth: 1 } })
    await book()
    await follower.live({ until: round * 3 })
    await postgres.kill()
    await postgres.start()
  }
  await book()
  await follower.live({ until: 10 })
  expect(follower.counts).toEqual({ ids: 10, appointments: 10 })
})

test('a file-level copy that was put back, and written past the journal’s end, is a gap; behind it all is told, once', async () => {
  await using clinic = await openClinic()
  const { postgres, follower, query, book, meanwhile, known } = clinic
  await book(2)
  await follower.live({ until: 2 })
  await meanwhile(() => backUp(postgres))
  await book()
  await follower.live({ until: 3 })
  await meanwhile(() => putBack(postgres))
  const [row] = await query<{ restored: string }>('SELECT pg_current_wal_lsn()::text AS restored')
  for (let id = 0; id < 5; id += 1) await book()
  await fillSegments(postgres, 1)
  await book()
  const gap = await halted(clinic)
  expect(gap).toMatchObject({ kind: 'another history' })
  // From what is known to be the same, before the first commit of the other history.
  expect(parseLsn(gap?.from ?? '')).toBeLessThanOrEqual(parseLsn(row?.restored ?? ''))
  expect(gap?.bytes).toBeGreaterThan(0)
  await follower.live({ until: 9 })
  const told = new Set(follower.told.map(({ appointment }) => appointment))
  expect((await known()).filter((id) => !told.has(id))).toEqual([])
  expect(follower.counts).toEqual({ ids: 9, appointments: 9 })
  // Only what lay in the other history was told and is gone.
  expect(told.size - (await known()).length).toBe(1)
  await book()
  await follower.live({ until: 10 })
  expect(await follower.gaps()).toHaveLength(1)
})

test('a copy that lacks what was told, and where nothing else was written, is a gap too', async () => {
  await using clinic = await openClinic()
  const { postgres, follower, book, meanwhile } = clinic
  await meanwhile(() => backUp(postgres))
  await book()
  await follower.live({ until: 1 })
  await meanwhile(() => putBack(postgres))
  await fillSegments(postgres, 1)
  expect(await halted(clinic)).toMatchObject({
    kind: 'another history',
    reason: expect.stringContaining('lacks a commit'),
  })
})

test('a copy from before a transaction of which the beginning was told is a gap', async () => {
  await using clinic = await openClinic()
  const { postgres, follower, book, meanwhile } = clinic
  await meanwhile(() => backUp(postgres))
  await book(1500)
  await follower.live({ dies: { at: 'after append', nth: 1 } })
  await meanwhile(() => putBack(postgres))
  await book()
  await fillSegments(postgres, 1)
  expect(await halted(clinic)).toMatchObject({ kind: 'another history' })
  await follower.live({ until: 501 })
  expect(follower.counts).toEqual({ ids: 501, appointments: 501 })
})

test('one backup promoted twice gives one timeline twice: each is a gap, and nothing is lost behind it', async () => {
  await using clinic = await openClinic()
  const { postgres, follower, book, meanwhile, known } = clinic
  const allTold = async () => {
    const told = new Set(follower.told.map(({ appointment }) => appointment))
    return (await known()).every((id) => told.has(id))
  }
  await meanwhile(() => backUp(postgres))
  await book()
  await follower.live({ until: 1 })
  await meanwhile(() => promoteCopy(postgres))
  await book()
  expect(await halted(clinic)).toMatchObject({ kind: 'another timeline' })
  await follower.live({ until: 2 })
  await meanwhile(() => promoteCopy(postgres, 1))
  await book()
  expect(await halted(clinic)).toMatchObject({
    kind: 'another timeline',
    reason: expect.stringContaining('promoted twice'),
  })
  await follower.live({ until: 3 })
  expect(await allTold()).toBe(true)
  // The same number and the same beginning: only what was committed tells them apart.
  await meanwhile(() => promoteCopy(postgres, 1))
  await book()
  await fillSegments(postgres, 1)
  await book()
  expect(await halted(clinic)).toMatchObject({ kind: 'another history' })
  await follower.live({ until: 5 })
  expect(await allTold()).toBe(true)
  expect(follower.counts).toEqual({ ids: 5, appointments: 5 })
})
