// A clinic that writes its own wall clock: said by check, read in the zone that the config names, as PostgreSQL reads it.
import { expect, test } from 'vitest'
import { openControl } from '../../src/capture/control.js'
import type { WatchedTable } from '../../src/capture/finding.js'
import { inspectTimeZones } from '../../src/capture/time-zones.js'
import { readMoment } from '../../src/change/appointment-time.js'
import { createTestDatabase } from '../support/database.js'

const watched = (timeZone?: string): WatchedTable => ({
  model: 'appointment',
  schema: 'public',
  table: 'visit',
  columns: [],
  taken: [],
  moments: ['begins', 'ends'],
  minutes: [],
  published: true,
  needsOldImage: true,
  selected: true,
  ...(timeZone === undefined ? {} : { timeZone }),
})

test('columns without a zone are a warning where somebody here is not on UTC, and the config does not say whose clock', async () => {
  await using database = await createTestDatabase({ migrations: [] })
  const address = { url: database.url, tls: null }
  const told = async (table: WatchedTable) => {
    const control = openControl(address, () => undefined)
    try {
      return (await inspectTimeZones(control, address, [table])).map(({ level, found }) => `${level} ${found}`)
    } finally {
      await control.close()
    }
  }
  await database.query('CREATE TABLE visit (begins timestamp, ends timestamptz)')
  await database.query(`ALTER DATABASE ${database.name} SET timezone = 'UTC'`)
  expect(await told(watched())).toEqual(['ok begins without a zone, read in UTC'])
  await database.query(`ALTER ROLE notifyd IN DATABASE ${database.name} SET timezone = 'America/New_York'`)
  expect(await told(watched())).toEqual([
    'warn begins of public.visit have no time zone and are read in UTC, while the server or a role has America/New_York',
  ])
  // Another role's, which the application may write with.
  await database.query(`ALTER ROLE notifyd IN DATABASE ${database.name} RESET timezone`)
  await database.query(`ALTER ROLE CURRENT_USER IN DATABASE ${database.name} SET timezone = 'Europe/Berlin'`)
  expect(await told(watched())).toEqual([expect.stringMatching(/^warn .* a role has Europe\/Berlin$/)])
  expect(await told(watched('America/New_York'))).toEqual(['ok begins without a zone, read in America/New_York'])
  await database.query('ALTER TABLE visit ALTER begins TYPE timestamptz')
  expect(await told(watched())).toEqual([])
})

test('every quarter of an hour around changes of the clocks is what PostgreSQL says, but for the hour that was there twice', async () => {
  await using database = await createTestDatabase({ migrations: [] })
  const zones = [
    'America/New_York',
    'Europe/Berlin',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Asia/Kolkata',
    'Africa/Casablanca',
  ]
  const rows = await database.query<{ zone: string; wall: string; first: string }>(`
    SELECT zone, wall::text, to_char(least(a, b) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || '+00:00' AS first
      FROM unnest(ARRAY['${zones.join("','")}']) zone,
           (SELECT generate_series('2026-03-07'::timestamp, '2026-03-30', '15 min') UNION
            SELECT generate_series('2026-10-03'::timestamp, '2026-11-02', '15 min') UNION
            SELECT generate_series('2018-11-03'::timestamp, '2018-11-05', '15 min')) walls (wall),
           LATERAL (SELECT wall AT TIME ZONE zone AS a) at_zone,
           -- The same reading a quarter to two hours before, where that shows the same clock: the first of the two.
           LATERAL (SELECT min(i) AS b FROM unnest(ARRAY[a, a - interval '30 min', a - interval '1 hour', a - interval '2 hours']) i
                     WHERE i AT TIME ZONE zone = wall OR i = a) earlier`)
  expect(rows.length).toBeGreaterThan(20_000)
  const wrong = rows.filter(({ zone, wall, first }) => readMoment(wall, zone) !== first)
  expect(wrong.slice(0, 5)).toEqual([])
})
