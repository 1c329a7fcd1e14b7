// What the journal holds is not followed by what the slot can give: recognised, named, status 4; and gone on behind it when
// an operator has accepted it.
import { rm } from 'node:fs/promises'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import { startPostgres } from '../../testbed/postgres.js'
import { openSite, type Site, seenCount } from '../support/site.js'
import { gapsShape } from '../terminal/shapes.js'

/** A site whose first appointment was delivered; nobody runs. */
async function walked(): Promise<Site> {
  const site = await openSite({ endpoint: { gap_notices: true } })
  const daemon = await site.start()
  await new Clinic(site.client).book({ patient: null })
  await site.receiver.until(({ delivered }) => delivered.length === 1)
  await daemon.stop()
  return site
}

async function halted(site: Site): Promise<string> {
  const daemon = site.spawn()
  expect((await daemon.exited).status).toBe(4)
  expect(daemon.stderr).toContain(`gap on slot "${site.database.slot}"`)
  expect(daemon.stderr).toContain('notifyd gaps accept')
  return daemon.stderr
}

const faults: readonly (readonly [name: string, said: string, fault: (site: Site) => Promise<unknown>])[] = [
  [
    'a slot that was dropped',
    'the slot is missing',
    ({ database }) => database.query('SELECT pg_drop_replication_slot($1)', [database.slot]),
  ],
  [
    'a slot that was made anew',
    'the slot is ahead of the journal',
    ({ database }) =>
      database.query(
        `SELECT pg_drop_replication_slot('${database.slot}'); SELECT pg_create_logical_replication_slot('${database.slot}', 'pgoutput')`,
      ),
  ],
  [
    'a slot that somebody advanced',
    'the slot is ahead of the journal',
    ({ database }) => database.query('SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())', [database.slot]),
  ],
  [
    'a journal that was lost',
    'the journal is new',
    ({ home }) => Promise.all(['', '-wal', '-shm'].map((end) => rm(`${home.journalFile}${end}`, { force: true }))),
  ],
  [
    'a publication that was taken apart and put together again meanwhile',
    'publication "notifyd" is not what it was',
    ({ database }) =>
      database.query(
        `ALTER PUBLICATION notifyd DROP TABLE appointment; ALTER PUBLICATION notifyd ADD TABLE appointment`,
      ),
  ],
]

describe('is halted at, recorded, and gone on behind once it is accepted', () => {
  test.each(faults)('%s', async (_, said, fault) => {
    await using site = await walked()
    const clinic = new Clinic(site.client, { seed: 2 })
    await clinic.book({ patient: null })
    await fault(site)
    expect(await halted(site)).toContain(said)
    // A second start changes nothing: the slot is left alone, the record is the same.
    await halted(site)
    const listing = site.spawn(['gaps', 'list', '--json'])
    await listing.exited
    const [gap, ...others] = gapsShape.parse(JSON.parse(listing.stdout))
    expect(others).toEqual([])
    expect(gap).toMatchObject({ slot: site.database.slot, accepted_at: null, resumed_at: null })
    const accepting = site.spawn(['gaps', 'accept'])
    expect(await accepting.exited).toEqual({ status: 0, signal: null })
    expect(accepting.stdout).toContain('1 accepted')
    const daemon = await site.start()
    const { due } = await clinic.book({ patient: null })
    await site.receiver.until(({ delivered }) =>
      delivered.some(({ appointmentExternalId }) => appointmentExternalId === due.appointment_external_id),
    )
    await site.receiver.until(({ delivered }) => delivered.some(({ notification }) => notification === 'gap'))
    const [notice] = site.receiver.delivered.filter(({ notification }) => notification === 'gap')
    expect(notice?.body).toMatchObject({
      gap: true,
      from_lsn: gap?.from,
      to_lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
    })
    expect(notice?.headers['notification-sequence']).toBeUndefined()
    expect(notice?.verifiedBy).toHaveLength(1)
    expect(site.receiver.faults).toEqual([])
    await daemon.stop()
    const again = await site.start()
    await again.stop()
    expect(site.receiver.delivered.filter(({ notification }) => notification === 'gap')).toHaveLength(1)
  })
})

test('a publication that changes while it is followed halts within its watch', async () => {
  await using site = await openSite()
  const daemon = await site.start()
  await site.database.query('ALTER PUBLICATION notifyd DROP TABLE note_state_change_event')
  expect((await daemon.exited).status).toBe(4)
  expect(daemon.stderr).toContain('publication "notifyd" is not what it was')
})

test('another daemon with a journal of its own halts: the slot is ahead of it', async () => {
  await using site = await openSite()
  await site.start()
  await new Clinic(site.client).book({ patient: null })
  await site.receiver.until(({ delivered }) => delivered.length === 1)
  await site.configure({ ...site.config, journal: { url: './other.db' } })
  expect(await halted(site)).toContain('the journal is new')
  expect(seenCount(site.receiver)).toBe(1)
})

test('another cluster behind the same address is a gap', async () => {
  await using site = await walked()
  await using other = await startPostgres({ settings: { fsync: 'off' } })
  const client = new pg.Client(other.superuserUrl())
  await client.connect()
  await applyClinicalSchema(client, ['schema', 'publication'])
  await client.end()
  await site.configure({ ...site.config, database: { url: other.superuserUrl(), slot: site.database.slot } })
  expect(await halted(site)).toContain('another database cluster')
})
