// A followed table is its OID: rows that were written while it had another name, or was in another schema, are told as its
// rows. The server sends them under the name of their time; the publication follows the table, whatever it is called.
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { openSite, type Site } from '../support/site.js'

const later = (table: string, id: string) =>
  `UPDATE ${table} SET start_time = start_time + interval '1 day' WHERE id = ${id}`

const ways: readonly (readonly [
  name: string,
  isOneTransaction: boolean,
  aside: string,
  there: string,
  back: string,
])[] = [
  ['renamed', true, 'ALTER TABLE appointment RENAME TO mig', 'mig', 'ALTER TABLE mig RENAME TO appointment'],
  ['renamed', false, 'ALTER TABLE appointment RENAME TO mig', 'mig', 'ALTER TABLE mig RENAME TO appointment'],
  [
    'in another schema',
    true,
    'ALTER TABLE appointment SET SCHEMA maint',
    'maint.appointment',
    'ALTER TABLE maint.appointment SET SCHEMA public',
  ],
  [
    'in another schema',
    false,
    'ALTER TABLE appointment SET SCHEMA maint',
    'maint.appointment',
    'ALTER TABLE maint.appointment SET SCHEMA public',
  ],
  [
    'in a schema of another name',
    true,
    'ALTER SCHEMA public RENAME TO aside',
    'aside.appointment',
    'ALTER SCHEMA aside RENAME TO public',
  ],
]

/** The number of a kind that was delivered. */
const count = ({ receiver }: Site, name: string) =>
  receiver.delivered.filter(({ notification }) => notification === name).length

test('rows of a followed table that is another name’s for a moment are told', async () => {
  await using site = await openSite()
  await site.database.query('CREATE SCHEMA maint')
  const daemon = await site.start()
  const { booking } = await new Clinic(site.client).book({ patient: null })
  const id = booking.appointments[0]?.id ?? ''
  let rescheduled = 0
  for (const [, isOneTransaction, aside, there, back] of ways) {
    const insert = `INSERT INTO ${there} (provider_id, start_time, duration_minutes) VALUES (1, '2026-11-25T09:00Z', 20)`
    const statements = [aside, later(there, id), insert, back]
    if (isOneTransaction) await site.database.query(`BEGIN; ${statements.join('; ')}; COMMIT`)
    else for (const statement of statements) await site.client.query(statement)
    rescheduled += 1
    await site.receiver.until(
      () => count(site, 'rescheduled') === rescheduled && count(site, 'created') === rescheduled + 1,
    )
  }
  // A mapped column under another name, in a transaction that commits while the daemon streams: it looks again, and tells.
  await site.database.query(`BEGIN; ALTER TABLE appointment RENAME COLUMN start_time TO st;
    UPDATE appointment SET st = st + interval '1 hour' WHERE id = ${id};
    ALTER TABLE appointment RENAME COLUMN st TO start_time; COMMIT`)
  rescheduled += 1
  await site.receiver.until(() => count(site, 'rescheduled') === rescheduled)
  // A state, while the events' table is another's; and the two followed tables under each other's name.
  const cancel = (table: string) => `INSERT INTO ${table} (note_id, state) VALUES (${booking.noteId}, 'CLD')`
  await site.database.query(`BEGIN; ALTER TABLE note_state_change_event RENAME TO mig; ${cancel('mig')};
    ALTER TABLE mig RENAME TO note_state_change_event; COMMIT`)
  await site.receiver.until(() => count(site, 'cancelled') === 1)
  const exchange = `ALTER TABLE appointment RENAME TO mig; ALTER TABLE note_state_change_event RENAME TO appointment;
    ALTER TABLE mig RENAME TO note_state_change_event`
  await site.database.query(`BEGIN; ${exchange}; ${cancel('appointment')}; ${later('note_state_change_event', id)};
    ${exchange}; COMMIT`)
  await site.receiver.until(() => count(site, 'cancelled') === 2 && count(site, 'rescheduled') === rescheduled + 1)
  expect(site.receiver.faults).toEqual([])

  // Another table in its place, which the publication has too: whether its rows are appointments, a person says.
  await site.database.query(
    'CREATE TABLE mig (LIKE appointment INCLUDING ALL); ALTER PUBLICATION notifyd ADD TABLE mig',
  )
  const swap = 'ALTER TABLE appointment RENAME TO aside; ALTER TABLE mig RENAME TO appointment'
  await site.database.query(`BEGIN; ${swap};
    INSERT INTO appointment (id, provider_id, start_time, duration_minutes) VALUES (99, 1, '2026-11-25T09:00Z', 20);
    ALTER TABLE appointment RENAME TO mig; ALTER TABLE aside RENAME TO appointment; COMMIT`)
  const { reason } = await daemon.line(({ msg }) => String(msg).startsWith('a gap:'))
  expect(reason).toContain('public.appointment is another table than was followed under this name')
  const created = count(site, 'created')
  expect((await site.spawn(['gaps', 'accept']).exited).status).toBe(0)
  await site.receiver.until(() => count(site, 'created') === created + 1)
  await daemon.stop()
  expect(daemon.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
})
