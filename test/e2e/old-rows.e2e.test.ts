// Appointments whose old row does not come: a partition that was made while the daemon streams, an identity that was toggled. Said
// before rows are lost; told from the last image where there is one; else a gap of that one row, which stops nothing else.
import { expect, test } from 'vitest'
import { until } from '../support/condition.js'
import { parseExposition } from '../support/exposition.js'
import { openSite, seenBodies } from '../support/site.js'
import { explainShape, rowGapsShape, statusShape } from '../terminal/shapes.js'

const partitioned = `
  ALTER TABLE appointment RENAME TO old_appointment;
  CREATE TABLE appointment (LIKE old_appointment INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY RANGE (id);
  CREATE TABLE appointment_1 PARTITION OF appointment FOR VALUES FROM (1) TO (100);
  ALTER TABLE appointment REPLICA IDENTITY FULL; ALTER TABLE appointment_1 REPLICA IDENTITY FULL;
  ALTER PUBLICATION notifyd SET (publish_via_partition_root = true);
  ALTER PUBLICATION notifyd DROP TABLE old_appointment; ALTER PUBLICATION notifyd ADD TABLE appointment;
  GRANT SELECT ON appointment TO notifyd;
  INSERT INTO note (id, provider_id, note_type_id) VALUES (1, 1, 1), (2, 1, 1), (3, 1, 1);
  INSERT INTO appointment (id, provider_id, start_time, duration_minutes, note_id) VALUES (1, 1, '2026-12-01 10:00Z', 20, 1);
  INSERT INTO note_state_change_event (id, note_id, state) VALUES (901, 1, 'SCH'), (902, 1, 'SCH')`

const later = (id: number) => `UPDATE appointment SET start_time = start_time + interval '1 hour' WHERE id = ${id}`

const toggled = (sql: string, table = 'appointment_1') => `
  BEGIN; ALTER TABLE ${table} REPLICA IDENTITY DEFAULT; ${sql}; ALTER TABLE ${table} REPLICA IDENTITY FULL; COMMIT`

const states = 'note_state_change_event'
const became = (state: string, id: number) =>
  toggled(`UPDATE ${states} SET state = '${state}' WHERE id = ${id}`, states)

test('a partition without FULL is said ahead; its rows are told from their last images; one that has none is a gap of its own', async () => {
  await using site = await openSite({ endpoint: { gap_notices: true } })
  const { database, receiver } = site
  await database.query(partitioned)
  const externalId = async (id: number) => {
    const [row] = await database.query<{ it: string }>(
      `SELECT externally_exposable_id::text AS it FROM appointment WHERE id = ${id}`,
    )
    return row?.it ?? ''
  }
  const ran = async (...args: string[]) => {
    const command = site.spawn(args)
    expect((await command.exited).status).toBe(0)
    return command.stdout
  }
  const daemon = await site.start()
  const url = `http://127.0.0.1:${(await daemon.line('status server listening'))['port']}`
  const value = async (metric: string) => parseExposition(await (await fetch(`${url}/metrics`)).text()).value(metric)
  const isReady = (status: number) => until(async () => (await fetch(`${url}/health/ready`)).status === status, 25_000)
  await isReady(200)

  // Before anything is written to it.
  await database.query('CREATE TABLE appointment_12 PARTITION OF appointment FOR VALUES FROM (100) TO (200)')
  const said = await daemon.line('not ready: `notifyd check` fails')
  expect(said['found']).toContain('public.appointment_12')
  expect(said['remedy']).toBe('ALTER TABLE public.appointment_12 REPLICA IDENTITY FULL;')
  await isReady(503)
  expect(await value('notifyd_failed_checks')).toBe(1)

  // Told from its last image: what changed, and only that. Of its delete, too, there comes the key only.
  await database.query(
    `INSERT INTO appointment (id, provider_id, start_time, duration_minutes, note_id) VALUES (101, 1, '2026-12-02 10:00Z', 20, 2)`,
  )
  await database.query(later(101))
  await database.query(`UPDATE appointment SET comment = 'moved a chair' WHERE id = 101`)
  const inPartition = await externalId(101)
  await database.query(`
    BEGIN; DELETE FROM appointment WHERE id = 101; INSERT INTO note_state_change_event (note_id, state) VALUES (2, 'CLD'); COMMIT`)
  // Booked before the daemon was there: nobody knows what it was. Its next update is told.
  await database.query(toggled(later(1)))
  await database.query(toggled(later(1)))
  const known = await externalId(1)
  // States: of one that the daemon saw it is told; of an older one to a state that notifies nobody knows; to another there is nothing to know.
  await database.query(`INSERT INTO ${states} (id, note_id, state) VALUES (903, 1, 'BKD')`)
  await database.query(became('CLD', 903))
  await database.query(became('CLD', 903).replace('SET', 'SET created = now(),'))
  await database.query(became('NSW', 901))
  await database.query(became('LKD', 902))
  await database.query(became('RVT', 902))
  await receiver.until(() => [...seenBodies(receiver).values()].flat().length === 6)
  const bodies = (id: string) =>
    seenBodies(receiver)
      .get(id)
      ?.map((body) => JSON.parse(body) as object)
  expect(bodies(inPartition)).toEqual([
    expect.objectContaining({ start_time: '2026-12-02T10:00:00+00:00', created: true }),
    expect.objectContaining({
      start_time: '2026-12-02T11:00:00+00:00',
      end_time: '2026-12-02T11:20:00+00:00',
      rescheduled: true,
    }),
    expect.objectContaining({ cancelled: true }),
  ])
  expect(bodies(known)).toEqual([
    expect.objectContaining({ start_time: '2026-12-01T12:00:00+00:00', rescheduled: true }),
    expect.objectContaining({ cancelled: true }),
    expect.objectContaining({ reverted: true }),
  ])
  expect(await value('notifyd_row_gaps')).toBe(2)

  // It stays over a restart, which a partition without FULL does not forbid, and ends when it is accepted.
  await daemon.stop()
  const again = await site.start()
  const gaps = rowGapsShape.parse(JSON.parse(await ran('gaps', 'list', '--json')))
  const ofKnown = { appointment_id: '1', appointment_external_id: known, accepted_at: null }
  expect(gaps).toMatchObject([
    { model: 'appointment', ...ofKnown },
    { model: 'notestatechangeevent', ...ofKnown },
  ])
  expect(again.lines.some(({ msg }) => String(msg).startsWith('going on behind'))).toBe(false)
  const explained = explainShape.parse(JSON.parse(await ran('explain', inPartition, '--json')))
  expect(explained.map((change) => [change.operation, change.model, change.old_row_from])).toEqual([
    ['insert', 'appointment', null],
    ['update', 'appointment', 'image'],
    ['update', 'appointment', 'image'],
    ['delete', 'appointment', 'image'],
    ['insert', 'notestatechangeevent', null],
  ])
  expect(explained[1]?.fields).toContain('start_time')
  expect(explained[2]?.fields).not.toContain('start_time')
  for (const { lsn } of gaps)
    expect(await ran('explain', lsn)).toContain('no image is in the journal: a gap of this row')
  const { journal } = statusShape.parse(JSON.parse(await ran('status', '--json')))
  expect([journal.row_gaps, journal.gaps.found]).toEqual([2, 0])
  expect(await ran('gaps', 'accept')).toContain('no gap waits to be accepted')
  expect(await ran('gaps', 'accept', '--rows')).toContain('2 accepted')
  // One notice of both, to the endpoint that asked for such.
  const notices = () => receiver.delivered.filter(({ notification }) => notification === 'gap')
  await receiver.until(() => notices().length === 1)
  expect(JSON.parse(notices()[0]?.rawBody.toString() ?? '')).toEqual({
    gap: true,
    from_lsn: gaps[0]?.lsn,
    to_lsn: gaps[1]?.lsn,
    from_time: gaps[0]?.committed_at,
    to_time: gaps[1]?.committed_at,
    rows: 2,
    appointment_external_ids: [known],
  })
  expect(await ran('gaps', 'list')).toMatch(
    new RegExp(`accepted at .*\\n  appointment 1 \\(${known}\\) was updated without its old row`),
  )

  await database.query('ALTER TABLE appointment_12 REPLICA IDENTITY FULL')
  await again.line('what was missing is there again')
  expect(receiver.faults).toEqual([])
}, 120_000)
