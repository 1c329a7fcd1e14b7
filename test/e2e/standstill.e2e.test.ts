// The built daemon at a row behind which it cannot come: it waits longer each time, and says so wherever an operator looks.
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { until } from '../support/condition.js'
import { parseExposition } from '../support/exposition.js'
import { openSite } from '../support/site.js'
import { checkShape, statusShape } from '../terminal/shapes.js'

const keys = (key: string) => `
  CREATE OR REPLACE VIEW keys AS SELECT id, CASE WHEN birth_date < '1900-01-01' THEN ${key} ELSE key END AS key FROM patient;
  GRANT SELECT ON keys TO notifyd`

test('a stream that ends at the same place each time is not healthy, until it comes past it', async () => {
  await using site = await openSite({ config: { models: { patient: { table: 'keys' } } } })
  const { database, client } = site
  await database.query(keys('(1 / (id - id))::text'))
  const daemon = await site.start()
  const port = Number((await daemon.line('status server listening'))['port'])
  await site.configure({ ...site.config, http: { port } })
  const clinic = new Clinic(client)
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO patient (key, first_name, last_name, birth_date) VALUES ('old', 'F', 'L', '1890-01-01') RETURNING id`,
  )
  await clinic.book({ patient: { id: String(rows[0]?.id), key: 'mended' } })
  const metric = async () =>
    parseExposition(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).value(
      'notifyd_stream_standstill_ends',
    )
  await until(async () => ((await metric()) ?? 0) >= 3)

  const waits = daemon.lines.flatMap((line) => (line['code'] === '22012' ? [Number(line['retry_in_ms'])] : []))
  expect(waits[2]).toBeGreaterThan((waits[0] ?? 0) * 2)
  expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(503)
  const command = site.spawn(['status', '--json'])
  await command.exited
  const { daemon: told } = statusShape.parse(JSON.parse(command.stdout))
  expect(told).toMatchObject({ ready: false, standstill: { code: '22012', times: expect.any(Number) } })
  const check = site.spawn(['check', '--json'])
  expect((await check.exited).status).toBe(3)
  const { findings } = checkShape.parse(JSON.parse(check.stdout))
  expect(findings).toContainEqual(
    expect.objectContaining({
      level: 'fail',
      title: 'stream',
      found: expect.stringMatching(/ended \d+ times at .* 22012/),
    }),
  )

  await database.query(keys("'mended'"))
  await site.receiver.until(({ delivered }) => delivered.length === 1)
  await until(async () => (await metric()) === 0)
})
