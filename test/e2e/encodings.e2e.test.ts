// The built daemon at a clinic whose database has no encoding: a byte that is no UTF-8 holds nothing up.
import { expect, test } from 'vitest'
import { until } from '../support/condition.js'
import { openSite, seenCount } from '../support/site.js'

test('a byte that does not convert in a followed row stops neither that row nor those behind it', async () => {
  await using site = await openSite({ encoding: 'SQL_ASCII' })
  const { client } = site
  await client.query("SET client_encoding = 'SQL_ASCII'")
  await client.query(`
    INSERT INTO patient (id, key, first_name, last_name, birth_date) OVERRIDING SYSTEM VALUE VALUES (1, 'key-1', 'F', 'L', '2000-01-01');
    INSERT INTO note (id, provider_id, note_type_id) OVERRIDING SYSTEM VALUE VALUES (1, 1, 1)`)
  const daemon = await site.start()
  await client.query(`
    INSERT INTO appointment (patient_id, provider_id, start_time, duration_minutes, note_id, comment)
    VALUES (1, 1, '2026-07-01 10:00+00', 20, 1, E'Jos\\351'), (1, 1, '2026-07-02 10:00+00', 20, 1, 'plain')`)
  await client.query(
    `UPDATE appointment SET start_time = start_time + interval '1 hour', comment = comment || E'\\377'`,
  )
  await until(() => seenCount(site.receiver) === 4)
  expect(daemon.lines.filter(({ level }) => level === 'warn')).toEqual([])
})
