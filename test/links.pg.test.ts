// The link to the appointment that is replaced, set by a later statement of the transaction that inserts the row: told as of the
// commit, as far as one batch goes. Where more of the transaction stands between, the insert has been judged and journaled by then.
import { expect, test } from 'vitest'
import { createTestDatabase } from './support/database.js'
import { Follower } from './support/follower.js'

const insert = (id: number, rows = 1) => `
  INSERT INTO appointment (id, provider_id, start_time, duration_minutes, externally_exposable_id)
  SELECT i, 1, '2026-12-01 09:00Z', 20, ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid FROM generate_series(${id}, ${id + rows - 1}) i`
const link = (id: number) => `UPDATE appointment SET appointment_rescheduled_from_id = 1 WHERE id = ${id}`
const uuid = (id: number) => `00000000-0000-0000-0000-${String(id).padStart(12, '0')}`

test('a link set in the inserting transaction is told within a batch; behind more of the transaction it is not, and nothing is told twice', async () => {
  await using database = await createTestDatabase()
  await using follower = await Follower.open({ url: database.url, slot: database.slot })
  await follower.live()
  await database.query(insert(1))
  await database.query(`BEGIN; ${insert(10)}; ${link(10)}; COMMIT`)
  await database.query(`BEGIN; ${insert(1_000)}; ${insert(2_000, 600)}; ${link(1_000)}; COMMIT`)
  await follower.live({ until: 603 })
  const told = (id: number) =>
    follower.told.filter(({ appointment }) => appointment === uuid(id)).map(({ notification }) => notification)
  expect(told(10)).toEqual(['rescheduled'])
  expect(told(1_000)).toEqual(['created'])
  expect(told(2_599)).toEqual(['created'])
  expect(follower.counts).toEqual({ ids: 603, appointments: 603 })
})
