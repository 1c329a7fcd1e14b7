// What the journal holds is not followed by what the slot can give: recognised and named; the daemon stands still (or ends with
// status 4 where that was asked for), and goes on behind it when an operator has accepted it.
import { rm } from 'node:fs/promises'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { formatLsn, parseLsn } from '../../src/capture/lsn.js'
import { Clinic } from '../../testbed/clinic.js'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import type { DaemonProcess, LogLine } from '../../testbed/daemon.js'
import { startPostgres } from '../../testbed/postgres.js'
import { until } from '../support/condition.js'
import { openSite, quickRetries, type Site, seenCount } from '../support/site.js'
import { explainShape, gapsShape, replayedShape } from '../terminal/shapes.js'

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
  const daemon = site.spawn(['run', '--halt-on-gap'])
  expect((await daemon.exited).status).toBe(4)
  expect(daemon.stderr).toContain(`gap on slot "${site.database.slot}"`)
  expect(daemon.stderr).toContain('notifyd gaps accept')
  return daemon.stderr
}

const isGap = ({ msg }: LogLine) => String(msg).startsWith('a gap: the stream stands still')

/** A daemon that stands still at a gap. */
async function standing(site: Site): Promise<DaemonProcess> {
  const daemon = site.spawn()
  await daemon.line(isGap)
  return daemon
}

async function gapsOf(site: Site) {
  const listing = site.spawn(['gaps', 'list', '--json'])
  await listing.exited
  return gapsShape.parse(JSON.parse(listing.stdout))
}

async function accept(site: Site): Promise<void> {
  const accepting = site.spawn(['gaps', 'accept'])
  expect(await accepting.exited).toEqual({ status: 0, signal: null })
  expect(accepting.stdout).toContain('1 accepted')
}

async function notifyd(site: Site, ...args: string[]) {
  const command = site.spawn(args)
  const { status } = await command.exited
  return { status, out: command.stdout, err: command.stderr }
}

const isLsn = (text: string) => text.includes('/')

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
    const daemon = await standing(site)
    const [gap, ...others] = await gapsOf(site)
    expect(others).toEqual([])
    expect(gap).toMatchObject({ slot: site.database.slot, accepted_at: null, resumed_at: null })
    if (gap !== undefined && isLsn(gap.from) && isLsn(gap.to)) {
      expect(gap.bytes).toBe(Number(parseLsn(gap.to) - parseLsn(gap.from)))
      expect(gap.bytes).toBeGreaterThan(0)
    }
    await accept(site)
    // The daemon goes on by itself.
    await daemon.line('streaming')
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

test('a gap ends by an operator’s word alone: its cause undone, the daemon lives, pays, and waits', async () => {
  await using site = await openSite({ endpoint: quickRetries })
  const clinic = new Clinic(site.client)
  const daemon = await site.start()
  const { port } = await daemon.line('status server listening')
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, text: await response.text() }
  }
  const slotAt = async () =>
    (
      await site.database.query(
        'SELECT confirmed_flush_lsn::text AS at FROM pg_replication_slots WHERE slot_name = $1',
        [site.database.slot],
      )
    )[0]?.['at']
  const walEnd = async () => parseLsn((await site.database.query('SELECT pg_current_wal_lsn()::text AS at'))[0]?.['at'])
  // Owed, and refused for now.
  await site.receiver.refuse()
  await clinic.book({ patient: null })
  await daemon.line('notification failed')
  const before = await walEnd()
  await site.database.query('ALTER PUBLICATION notifyd DROP TABLE appointment')
  const { due: missed } = await clinic.book({ patient: null })
  const lost = await walEnd()
  await daemon.line(isGap)
  const stood = await slotAt()

  expect(await ask('/health/live')).toMatchObject({ status: 200 })
  const ready = await ask('/health/ready')
  expect(ready.status).toBe(503)
  expect(JSON.parse(ready.text)).toMatchObject({ ready: false, phase: 'gap', last_error: 'GAP' })
  expect(JSON.parse(ready.text)).toMatchObject({ reason: expect.stringContaining('publication "notifyd" is not what') })
  const retained = /^notifyd_slot_retained_wal_bytes [1-9]/m
  const metrics = await until(async () => {
    const { text } = await ask('/metrics')
    return retained.test(text) && text
  })
  expect(metrics).toMatch(/^notifyd_gaps\{state="found"\} 1$/m)
  expect(metrics).toMatch(/^notifyd_phase\{phase="gap"\} 1$/m)
  await site.receiver.open()
  await site.receiver.until(({ delivered }) => delivered.length === 1)

  // Mended, and started again, it is the same gap: that the appointment was lost is not mended by that.
  await site.database.query('ALTER PUBLICATION notifyd ADD TABLE appointment')
  await daemon.stop()
  const again = await standing(site)
  const [gap, ...others] = await gapsOf(site)
  expect(others).toEqual([])
  expect(gap).toMatchObject({ kind: 'publication changed', accepted_at: null })
  if (gap === undefined) throw new Error('there is no gap')
  expect(parseLsn(gap.from)).toBeLessThanOrEqual(before)
  expect(parseLsn(gap.to)).toBeGreaterThanOrEqual(lost)
  expect(await slotAt()).toBe(stood)
  expect((await notifyd(site, 'explain', missed.appointment_external_id)).out).toContain(
    'not accepted yet: publication',
  )
  await site.database.query('CREATE TABLE written_since (id int)')
  await accept(site)
  const grown = await again.line(({ msg }) => String(msg).startsWith('the gap that was accepted has grown since'))
  expect(grown).toMatchObject({ level: 'warn', gap: gap.id, from: gap.from, accepted_to: gap.to })
  await again.line('streaming')
  await clinic.book({ patient: null })
  await site.receiver.until(({ delivered }) => delivered.length === 2)
  const [ended] = await gapsOf(site)
  expect(ended).toMatchObject({ id: gap.id, from: gap.from, resumed_at: expect.any(String) })

  // What was lost in it is not called a thing that was not: by the appointment, by its LSN, over the range, and as a whole.
  const named = `gap ${gap.id}  ${gap.from} … ${ended?.to}, accepted at ${ended?.accepted_at}: publication "notifyd"`
  const inGap = formatLsn(lost)
  const of = (appointment: string | null) => notifyd(site, 'explain', String(appointment))
  const there = await of(inGap)
  expect(there).toMatchObject({ status: 1, out: expect.stringContaining('but for a gap;') })
  expect(there.out).toContain(named)
  // Its note's states were not lost: nor is what is known of it told as all there is.
  expect(await of(missed.appointment_external_id)).toMatchObject({ status: 0, out: expect.stringContaining(named) })
  const asJson = await notifyd(site, 'explain', missed.appointment_external_id, '--json')
  expect(explainShape.parse(JSON.parse(asJson.out))).toHaveLength(2)
  expect(asJson.err).toContain(named)
  const first = site.receiver.delivered[0]
  expect((await of(first?.appointmentExternalId ?? '')).out).toContain(named)
  expect((await of(first?.webhookId ?? '')).out).not.toContain('gap')
  const stands = await notifyd(site, 'status')
  expect(stands.out).toMatch(`, but for 1 gap ${gap.from} … ${ended?.to}: notifyd gaps list`)
  const crossing = await notifyd(site, 'replay', '--from', String(first?.headers['notification-lsn']), '--dry-run')
  expect(crossing).toMatchObject({
    status: 0,
    out: expect.stringContaining('2 would be sent\nthe range crosses a gap:'),
  })
  expect(crossing.out).toContain(named)
  const dry = await notifyd(site, 'replay', '--from', inGap, '--to', inGap, '--dry-run', '--json')
  expect(dry).toMatchObject({ status: 0, out: '[]\n', err: expect.stringContaining(named) })
  const since = await notifyd(site, 'replay', '--from', gap.found_at, '--dry-run', '--json')
  expect(since.err).toContain(named)
  const behind = String(site.receiver.delivered[1]?.headers['notification-lsn'])
  const replayed = await notifyd(site, 'replay', '--from', inGap, '--json')
  expect(replayedShape.parse(JSON.parse(replayed.out))).toMatchObject({ delivered: 1, gaps: [{ id: gap.id }] })
  const clear = await notifyd(site, 'replay', '--from', behind, '--json')
  expect(replayedShape.parse(JSON.parse(clear.out))).toMatchObject({ delivered: 1, gaps: [] })
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
