import { describe, expect, test } from 'vitest'
import { Capture, type CapturedBatch } from '../../src/capture/capture.js'
import type { RowChange } from '../../src/capture/change-message.js'
import { formatLsn, type Lsn, parseLsn } from '../../src/capture/lsn.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { createSlot, readSlot } from '../../src/capture/slot.js'
import { until } from '../support/condition.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'

const sqlOf = (database: TestDatabase) => ({
  query: async <R extends object>(text: string, values?: unknown[]) => ({
    rows: (await database.query(text, values)) as R[],
  }),
})

async function startCapture(
  database: TestDatabase,
  from: Lsn,
  options: { maxChanges?: number; maxQueuedBytes?: number } = {},
) {
  const stream = await ReplicationStream.connect({ url: database.url, tls: null })
  const { slot } = database
  const isWanted = () => true
  const limits = { maxChanges: 500, maxBytes: 4e6, maxQueuedBytes: 8e6, ...options }
  const capture = await Capture.start({ stream, slot, publication: 'notifyd', from, isWanted, ...limits })
  return Object.assign(capture, { close: () => stream.close() })
}

const newPatients = (count: number, first = 1) =>
  `INSERT INTO lab SELECT i, 'lab ' || i FROM generate_series(${first}, ${first + count - 1}) i`

async function clinic() {
  const database = await createTestDatabase()
  await database.query('CREATE TABLE lab (id int PRIMARY KEY, name text)')
  await database.query('ALTER PUBLICATION notifyd ADD TABLE lab')
  const from = await createSlot(sqlOf(database), database.slot)
  return { database, from }
}

/** Takes batches until `enough`, acknowledging none. */
async function take(capture: Capture, enough: (rows: readonly RowChange[], batch: CapturedBatch) => boolean) {
  const batches: CapturedBatch[] = []
  const rows: RowChange[] = []
  for await (const batch of capture.batches()) {
    batches.push(batch)
    rows.push(...batch.pieces.flatMap((piece) => piece.changes))
    if (enough(rows, batch)) break
  }
  return { batches, rows }
}

const ids = (rows: readonly RowChange[]) => rows.map((row) => ('new' in row ? Number(row.new['id']) : null))

describe('capture', () => {
  test('gives committed rows in commit order; a rollback and a rolled-back savepoint never arrive', async () => {
    const { database, from } = await clinic()
    await using _database = database
    await database.query(`BEGIN; ${newPatients(1, 1)}; ROLLBACK`)
    await database.query(
      `BEGIN; ${newPatients(1, 2)}; SAVEPOINT s; ${newPatients(1, 3)}; ROLLBACK TO s; ${newPatients(1, 4)}; COMMIT`,
    )
    await database.query(newPatients(1, 5))
    const capture = await startCapture(database, from)
    const { rows, batches } = await take(capture, (all) => all.length === 3)
    expect(ids(rows)).toEqual([2, 4, 5])
    const pieces = batches.flatMap((batch) => batch.pieces)
    expect(pieces.map((piece) => piece.endLsn !== null && piece.endLsn > piece.commitLsn)).toEqual([true, true])
    await capture.close()
  })

  test('starts exactly at the acknowledged end LSN: nothing twice, nothing skipped', async () => {
    const { database, from } = await clinic()
    await using _database = database
    await database.query(newPatients(1, 1))
    const first = await startCapture(database, from, { maxChanges: 1 })
    // The commit may come behind its only row, in a batch of its own.
    const { batches } = await take(first, (all, { checkpointLsn }) => all.length === 1 && checkpointLsn !== null)
    const end = batches.at(-1)?.checkpointLsn
    if (end === undefined || end === null) throw new Error('the batch has no checkpoint')
    // They begin right there, and may have been received on this connection too.
    for (const id of [2, 3]) await database.query(newPatients(1, id))
    first.acknowledge(end)
    await first.close()
    const slot = await readSlot(sqlOf(database), database.slot)
    expect(slot?.confirmedFlush).toBe(end)
    const second = await startCapture(database, end)
    const again = await take(second, (all) => all.length === 2)
    expect(ids(again.rows)).toEqual([2, 3])
    await second.close()
  })

  test('acknowledges nothing by itself: what was received and not made durable is sent again', async () => {
    const { database, from } = await clinic()
    await using _database = database
    await database.query(newPatients(3))
    for (const _attempt of [1, 2]) {
      const capture = await startCapture(database, from)
      const { rows } = await take(capture, (all) => all.length === 3)
      expect(ids(rows)).toEqual([1, 2, 3])
      await capture.close()
    }
    const slot = await readSlot(sqlOf(database), database.slot)
    expect(formatLsn(slot?.confirmedFlush ?? from)).toBe(formatLsn(from))
  })

  test('cuts a large transaction into pieces with running ordinals, paused and resumed, none lost', async () => {
    const { database, from } = await clinic()
    await using _database = database
    await database.query(newPatients(20_000))
    const capture = await startCapture(database, from, { maxChanges: 300, maxQueuedBytes: 50_000 })
    const { rows, batches } = await take(capture, (all) => all.length === 20_000)
    expect(rows.map((row) => row.ordinal)).toEqual(Array.from({ length: 20_000 }, (_, index) => index))
    const pieces = batches.flatMap((batch) => batch.pieces)
    expect(Math.max(...pieces.map((piece) => piece.changes.length))).toBe(300)
    expect(new Set(pieces.map((piece) => piece.commitLsn)).size).toBe(1)
    const commitLsn = pieces[0]?.commitLsn ?? from
    const early = batches
      .slice(0, -1)
      .filter(({ checkpointLsn }) => checkpointLsn !== null && checkpointLsn > commitLsn)
    expect(early).toEqual([])
    await capture.close()
  })

  test('other tables’ WAL moves the checkpoint, so an idle daemon holds none of it', async () => {
    const { database, from } = await clinic()
    await using _database = database
    const capture = await startCapture(database, from)
    const consumed = (async () => {
      for await (const batch of capture.batches())
        if (batch.checkpointLsn !== null) capture.acknowledge(batch.checkpointLsn)
    })()
    await database.query('CREATE TABLE unpublished AS SELECT i FROM generate_series(1, 400000) i')
    const [row] = await database.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn')
    const written = parseLsn(row?.lsn ?? '0/0')
    // 20 MB of foreign WAL: past the 16 MB after which an unasked keepalive is persisted
    expect(written - from).toBeGreaterThan(16n * 1024n * 1024n)
    await until(async () => {
      const slot = await readSlot(sqlOf(database), database.slot)
      return slot?.confirmedFlush !== null && slot?.confirmedFlush !== undefined && slot.confirmedFlush > from
    })
    await capture.close()
    await consumed
  })

  test('gives a keepalive’s position once, also to a consumer that does not acknowledge it', async () => {
    const { database, from } = await clinic()
    await using _database = database
    const capture = await startCapture(database, from)
    let given = 0
    const taking = take(capture, () => ++given > 30)
    await database.query('CREATE TABLE unpublished AS SELECT i FROM generate_series(1, 400000) i')
    const [row] = await database.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn')
    await until(async () => capture.receivedLsn >= parseLsn(row?.lsn ?? '0/0'))
    await capture.close()
    expect((await taking).batches.length).toBeLessThan(30)
  })

  test('throws when the server ends the connection, with its SQLSTATE', async () => {
    const { database, from } = await clinic()
    await using _database = database
    const capture = await startCapture(database, from)
    await database.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1', [
      database.slot,
    ])
    await expect(take(capture, () => false)).rejects.toMatchObject({ code: '57P01' })
    await capture.close()
  })

  test('a slot in use is SQLSTATE 55006, a missing one 42704', async () => {
    const { database, from } = await clinic()
    await using _database = database
    const capture = await startCapture(database, from)
    await expect(startCapture(database, from)).rejects.toMatchObject({ code: '55006' })
    await expect(startCapture({ ...database, slot: 'nobody' }, from)).rejects.toMatchObject({ code: '42704' })
    await capture.close()
  })

  test('names with quotes reach the server unharmed', async () => {
    const { database, from } = await clinic()
    await using _database = database
    await database.query(`CREATE PUBLICATION "it's ""odd""" FOR TABLE lab`)
    const stream = await ReplicationStream.connect({ url: database.url, tls: null })
    const [odd] = await database.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn')
    const at = parseLsn(odd?.lsn ?? formatLsn(from))
    const limits = { isWanted: () => true, maxChanges: 10, maxBytes: 1e6, maxQueuedBytes: 1e6 }
    const capture = await Capture.start({ stream, slot: database.slot, publication: `it's "odd"`, from: at, ...limits })
    await database.query(newPatients(1, 77))
    const { rows } = await take(capture, (all) => all.length === 1)
    expect(ids(rows)).toEqual([77])
    await stream.close()
  })
})
