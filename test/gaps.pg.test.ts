// A gap that was found stays one, whatever becomes of its cause: what was lost in it is not brought back by that.
import { expect, test } from 'vitest'
import { GapError } from '../src/base/errors.js'
import { parseLsn } from '../src/capture/lsn.js'
import { createTestDatabase } from './support/database.js'
import { Follower } from './support/follower.js'

const book = `INSERT INTO appointment (provider_id, start_time, duration_minutes) VALUES (1, '2026-12-01 09:00Z', 20)`

test('a gap whose cause is undone halts again until it is accepted, and begins before what may be lost', async () => {
  await using database = await createTestDatabase()
  await using follower = await Follower.open({ url: database.url, slot: database.slot })
  const end = async () => {
    const [row] = await database.query<{ at: string }>('SELECT pg_current_wal_lsn()::text AS at')
    return parseLsn(row?.at ?? '')
  }
  await follower.live()
  await database.query(book)
  await follower.live({ until: 1 })

  const good = await end()
  await database.query('ALTER TABLE note_state_change_event REPLICA IDENTITY DEFAULT')
  await database.query(book)
  const lost = await end()
  await expect(follower.live({ until: Number.POSITIVE_INFINITY })).rejects.toThrow(GapError)
  await database.query('ALTER TABLE note_state_change_event REPLICA IDENTITY FULL')
  await expect(follower.live({ until: Number.POSITIVE_INFINITY })).rejects.toThrow(
    'publication "notifyd" is not what it was',
  )
  const [gap, ...others] = await follower.gaps()
  expect(others).toEqual([])
  if (gap === undefined) throw new Error('there is no gap')
  expect(gap).toMatchObject({ kind: 'publication changed', acceptedAt: null, resumedAt: null })
  const [from, to] = [parseLsn(gap.from), parseLsn(gap.to)]
  expect(from).toBeLessThanOrEqual(good)
  expect(to).toBeGreaterThanOrEqual(lost)
  expect(gap.bytes).toBe(Number(to - from))

  expect(await follower.acceptGaps()).toBe(1)
  await follower.live({ until: 2 })
  expect(await follower.gaps()).toMatchObject([{ id: gap.id, from: gap.from, resumedAt: expect.any(Number) }])
  expect(follower.counts).toEqual({ ids: 2, appointments: 2 })
})
