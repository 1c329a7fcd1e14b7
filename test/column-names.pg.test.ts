// Columns that were called otherwise for a moment, met in the WAL afterwards: told by their numbers, or refused by name and place.
import { expect, test } from 'vitest'
import { createTestDatabase } from './support/database.js'
import { Follower } from './support/follower.js'

const book = `INSERT INTO appointment (provider_id, start_time, duration_minutes) VALUES (1, '2026-12-01 09:00Z', 20)`
const rename = (from: string, to: string) => `ALTER TABLE appointment RENAME COLUMN ${from} TO ${to}`
const later = `UPDATE appointment SET st = st + interval '1 day'`

test('a row that was written while a mapped column had another name is told; of one that cannot be known it says the name and the LSN', async () => {
  await using database = await createTestDatabase()
  await using follower = await Follower.open({ url: database.url, slot: database.slot })
  await follower.live()
  await database.query(book)
  await follower.live({ until: 1 })
  await database.query(`BEGIN; ${rename('start_time', 'st')}; ${later}; ${rename('st', 'start_time')}; COMMIT`)
  await follower.live({ until: 2 })
  expect(follower.counts).toEqual({ ids: 2, appointments: 1 })

  // The column that it was is another one now, and a new one bears its name.
  await database.query(`BEGIN; ${rename('start_time', 'st')}; ${later}; ${rename('st', 'former')};
    ALTER TABLE appointment ADD start_time timestamptz; GRANT SELECT (start_time) ON appointment TO notifyd; COMMIT`)
  const says = /no longer has the column start_time in what committed at [0-9A-F]+\/[0-9A-F]+, where it had st$/
  await expect(follower.live({ until: 3 })).rejects.toThrow(
    expect.objectContaining({ mayPass: false, found: expect.stringMatching(says) }),
  )
  expect(follower.counts).toEqual({ ids: 2, appointments: 1 })
})
