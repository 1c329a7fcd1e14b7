// Another clinic's database: other schemas, tables and columns, an end instead of a duration, uuid keys, a further table.
import { expect, test } from 'vitest'
import { openSite, seenBodies } from '../support/site.js'

const schema = `
  CREATE SCHEMA api;
  CREATE TABLE api."Persons" (dbid uuid PRIMARY KEY, "external key" text);
  CREATE TABLE api.visits (
    dbid bigint PRIMARY KEY, uuid uuid NOT NULL, person uuid, clinician int, replaces bigint,
    "starts.at" timestamp, "endsAt" timestamptz, encounter uuid, kind int, status text, mistake_by int, comment text);
  CREATE TABLE api.encounter_states (dbid bigint PRIMARY KEY, encounter uuid, code text, at timestamptz DEFAULT now());
  CREATE TABLE api.labs (id int PRIMARY KEY, result text);
  ALTER TABLE api.visits REPLICA IDENTITY FULL;
  ALTER TABLE api.encounter_states REPLICA IDENTITY FULL;
  CREATE PUBLICATION "to-notify" FOR TABLE api.visits, api.encounter_states, api.labs;
  GRANT USAGE ON SCHEMA api TO notifyd;
  GRANT SELECT ON ALL TABLES IN SCHEMA api TO notifyd;`

const models = {
  appointment: {
    table: 'api.visits',
    columns: {
      id: 'dbid',
      externally_exposable_id: 'uuid',
      patient_id: 'person',
      provider_id: 'clinician',
      appointment_rescheduled_from_id: 'replaces',
      start_time: 'starts.at',
      end_time: 'endsAt',
      note_id: 'encounter',
      note_type_id: 'kind',
      entered_in_error_id: 'mistake_by',
    },
    exclude_columns: ['comment'],
  },
  notestatechangeevent: {
    table: 'api.encounter_states',
    columns: { id: 'dbid', note_id: 'encounter', state: 'code', created: 'at' },
  },
  patient: { table: 'api."Persons"', columns: { id: 'dbid', key: 'external key' } },
  lab_report: { table: 'api.labs', change_type: 'LAB_REPORT' },
}

const person = '8f2c7a52-5b0f-4b38-9a6f-0f9f4c8a1d11'
const encounter = 'c0a80101-0000-4000-8000-000000000001'
const visit = 'e999b5c7-d12f-498c-816a-f3c66946a911'

test('is followed by its own names', async () => {
  await using site = await openSite({
    migrations: [],
    config: { models, note_states: { CNL: 'cancelled' } },
  })
  await site.database.query(schema)
  await site.database.query(`
    INSERT INTO api."Persons" VALUES ('${person}', 'key-1');
    INSERT INTO api.visits VALUES (1, '${visit}', '${person}', 1, NULL, '2021-12-24 21:30', '2021-12-24 23:00+01', '${encounter}')`)
  const { url, slot } = site.database
  await site.configure({ ...site.config, database: { url, slot, publication: 'to-notify' } })
  await site.start()
  await site.database.query(`INSERT INTO api.encounter_states VALUES (1, '${encounter}', 'CNL')`)
  await site.database.query(`
    INSERT INTO api.visits VALUES (2, gen_random_uuid(), NULL, 1, NULL, '2021-12-24 21:30', NULL, NULL, 1, 'x', NULL, 'note')`)
  await site.database.query(`UPDATE api.visits SET "endsAt" = '2021-12-24 22:30:00.5+00' WHERE dbid = 1`)
  await site.receiver.until(({ posts }) => posts.length === 3)
  const appointment = { canvas_patient_key: 'key-1', appointment_external_id: visit }
  const bodies = site.receiver.posts.map(({ body }) => body)
  expect(bodies).toContainEqual({ canvas_patient_key: 'key-1', cancelled: true, appointment_external_id: visit })
  expect(bodies).toContainEqual({
    ...appointment,
    start_time: '2021-12-24T21:30:00+00:00',
    end_time: '2021-12-24T22:30:00.500000+00:00',
    rescheduled: true,
  })
  expect(bodies).toContainEqual(
    expect.objectContaining({ start_time: '2021-12-24T21:30:00+00:00', end_time: null, created: true }),
  )
})

test('a partition that is born while the daemon streams has no old rows: told from their images, and a restart goes on with it', async () => {
  await using site = await openSite({ migrations: [], config: { models } })
  await site.database.query(
    schema
      .replace('dbid bigint PRIMARY KEY, uuid', 'dbid bigint, uuid')
      .replace('comment text);', 'comment text) PARTITION BY RANGE (dbid);')
      .replace('api.labs;', 'api.labs WITH (publish_via_partition_root = true);'),
  )
  const { url, slot } = site.database
  await site.configure({ ...site.config, database: { url, slot, publication: 'to-notify' } })
  const daemon = await site.start()
  await site.database.query(`CREATE TABLE api.visits_1 PARTITION OF api.visits (PRIMARY KEY (dbid)) DEFAULT`)
  await site.database.query(`INSERT INTO api.visits (dbid, uuid) VALUES (1, '${visit}')`)
  await site.database.query(`UPDATE api.visits SET "endsAt" = now()`)
  await daemon.line(({ msg }) => String(msg).includes('was told from its last image'))
  await site.receiver.until(({ delivered }) => delivered.length === 2)
  expect(seenBodies(site.receiver).get(visit)?.at(-1)).toContain('"rescheduled":true')
  await daemon.stop()
  const again = await site.start()
  const said = await again.line('not ready: `notifyd check` fails')
  expect(said['remedy']).toBe('ALTER TABLE api.visits_1 REPLICA IDENTITY FULL;')
})
