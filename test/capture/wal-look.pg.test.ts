// How far a stream is, held against the server's own end of WAL.
import { expect, test } from 'vitest'
import { Capture } from '../../src/capture/capture.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { createSlot } from '../../src/capture/slot.js'
import { lookAtWal } from '../../src/capture/wal-look.js'
import { until } from '../support/condition.js'
import { createTestDatabase } from '../support/database.js'

test('the server’s end is reached by a consumer that waits, through WAL that is not ours; what is not made durable is not reached', async () => {
  await using database = await createTestDatabase()
  const sql = {
    query: async <R extends object>(text: string, values?: unknown[]) => ({
      rows: (await database.query(text, values)) as R[],
    }),
  }
  const look = async () => {
    const seen = await lookAtWal(sql, database.slot)
    if (seen === null) throw new Error('the server did not say')
    return seen
  }
  await database.query('CREATE TABLE unpublished (id int)')
  const from = await createSlot(sql, database.slot)
  const stream = await ReplicationStream.connect({ url: database.url, tls: null })
  const limits = { maxChanges: 500, maxBytes: 4e6, maxQueuedBytes: 8e6, isWanted: () => true }
  const capture = await Capture.start({ stream, slot: database.slot, publication: 'notifyd', from, ...limits })
  let mayAcknowledge = true
  let held = 0
  const consuming = (async () => {
    for await (const { pieces, checkpointLsn } of capture.batches()) {
      if (pieces.length > 0) {
        held += 1
        await until(() => mayAcknowledge, 30_000)
      }
      if (checkpointLsn !== null) capture.acknowledge(checkpointLsn)
    }
  })()
  // Twice: a position that nobody asked about is persisted at most every ten seconds, and is reached all the same.
  for (const id of [1, 2]) {
    await database.query(`INSERT INTO unpublished VALUES (${id})`)
    const { serverEnd, safeBytes } = await look()
    expect(safeBytes).toBeNull()
    await until(() => capture.reachedLsn >= serverEnd, 8_000)
  }

  mayAcknowledge = false
  await database.query(
    "INSERT INTO patient (key, first_name, last_name, birth_date) VALUES ('k', 'a', 'b', '1970-01-01'); INSERT INTO appointment (patient_id, provider_id) VALUES (1, 1)",
  )
  const { serverEnd, retainedBytes } = await look()
  await until(() => held > 0)
  expect(capture.reachedLsn).toBeLessThan(serverEnd)
  expect(retainedBytes).toBeGreaterThan(0)
  mayAcknowledge = true
  await until(() => capture.reachedLsn >= serverEnd)
  capture.finish()
  await stream.close()
  await consuming
})
