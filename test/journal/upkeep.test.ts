// What goes from the journal after its time, and what stays; and that what went can be read in none of its files.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { UsageError } from '../../src/base/errors.js'
import type { Appointment } from '../../src/change/captured-change.js'
import { backupJournal } from '../../src/journal/backup.js'
import { checksumOf } from '../../src/journal/checksum.js'
import { Journal } from '../../src/journal/journal.js'
import { JournalLock } from '../../src/journal/lock.js'
import { openExisting } from '../../src/journal/sqlite-driver.js'
import { appointment } from '../compute/changes.js'
import { append, lsn, openJournal, owing } from './opened.js'

const { signal } = new AbortController()
const owed = (journal: Journal) => journal.loadOwed('desk', 0, 1_000).deliveries
const nothing = { settled: 0, disclosed: 0, ended: 0 }

async function settleAll(journal: Journal): Promise<void> {
  for (const delivery of owed(journal)) {
    const attempt = { deliveryId: delivery.id, number: 1, startedAt: 1, durationMs: 2, status: 204, error: null }
    await journal.settle([{ tag: 'delivered', delivery, attempt }])
  }
}

const name = 'Wenceslas Przybylski'

async function filesWithName(path: string): Promise<readonly string[]> {
  const ends = ['', '-wal', '-shm']
  const bytes = await Promise.all(ends.map((end) => readFile(`${path}${end}`)))
  return ends.filter((_, index) => bytes[index]?.includes(name))
}

test('pruned text is in none of the files; while another process reads, it stays, and the writer waits for nobody', async () => {
  await using opened = await openJournal()
  const { journal, path } = opened
  await append(journal, [owing({ body: `{"name":"${name}"}` }), owing({ ordinal: 1, body: name.repeat(600) })], lsn(9))
  await settleAll(journal)
  expect(await filesWithName(path)).toContain('-wal')

  const reader = openExisting(path, true)
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM delivery').get()
  const pruned = await journal.upkeep.prune({ ...nothing, settled: Date.now() + 1_000 }, signal)
  expect(pruned.changes).toBe(2)
  expect(journal.upkeep.emptyWal()).toBe(false)
  expect(await filesWithName(path)).not.toEqual([])
  // It goes on as before meanwhile.
  await append(journal, [owing({ ordinal: 2 })], lsn(10))

  reader.exec('ROLLBACK')
  expect(journal.upkeep.emptyWal()).toBe(true)
  expect(await filesWithName(path)).toEqual([])
  expect((await stat(`${path}-wal`)).size).toBe(0)
  reader.close()
})

test('an image goes when its appointment, and all others of its note, have ended and nothing of it is owed', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const now = Date.parse('2027-01-01T00:00:00Z')
  const day = (days: number) => new Date(now - days * 86_400_000).toISOString().replace('.000Z', '+00:00')
  const ended = (id: string, note: string, end: string | null, more: Partial<Appointment> = {}) => ({
    ...appointment,
    id,
    externally_exposable_id: `external-${id}`,
    note_id: note,
    start_time: end,
    end_time: end,
    ...more,
  })
  const images = [
    ended('1', 'old', day(500)),
    ended('2', 'new', day(300)),
    // The newest of the note has ended long ago, and may not leave it to the older one.
    ended('3', 'rescheduled', day(10)),
    ended('4', 'rescheduled', day(500)),
    ended('5', 'all old', day(600)),
    ended('6', 'all old', day(401)),
    ended('7', 'for ever', 'infinity'),
    ended('8', 'unknown', null),
    ended('9', 'owed', day(500)),
    ended('10', 'owed without a name', day(500), { externally_exposable_id: null }),
    ended('11', 'no end', day(500), { end_time: null }),
    // Nobody knows whether the other one of the note has ended.
    ended('12', 'one unknown', day(500)),
    ended('13', 'one unknown', null),
    ended('14', 'none', 'infinity', { note_id: null }),
  ]
  const changes = images.map((image, ordinal) => owing({ ordinal, appointment: image, id: Number(image.id) }))
  await append(journal, changes, lsn(9))
  for (const delivery of owed(journal)) {
    const attempt = { deliveryId: delivery.id, number: 1, startedAt: 1, durationMs: 2, status: 204, error: null }
    const isKept = ['external-9', null].includes(delivery.appointmentExternalId)
    if (!isKept) await journal.settle([{ tag: 'delivered', delivery, attempt }])
  }
  const left = () => journal.images.byId(images.map(({ id }) => id)).map(({ appointment: { id } }) => id)
  const before = { ...nothing, ended: now - 400 * 86_400_000 }
  // The ninth and the tenth are owed; the tenth in its patient’s lane.
  expect((await journal.upkeep.prune(before, signal)).images).toBe(4)
  expect(left()).toEqual(['2', '3', '4', '7', '8', '9', '10', '12', '13', '14'])
  await settleAll(journal)
  expect((await journal.upkeep.prune(before, signal)).images).toBe(2)
  expect(left()).toEqual(['2', '3', '4', '7', '8', '12', '13', '14'])
  expect(journal.images.isWhole('old')).toBe(false)
})

test('images are forgotten in as many steps as it takes', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const ids = Array.from({ length: 501 }, (_, at) => `a${at}`)
  const of = { ...appointment, externally_exposable_id: null, end_time: '2020-01-01T00:00:00+00:00' }
  const told = ids.map((id, ordinal) => owing({ ordinal, id: ordinal, appointment: { ...of, id, note_id: id } }))
  await append(
    journal,
    told.map((one) => ({ ...one, notifications: [] })),
  )
  expect(journal.images.byId(ids)).toHaveLength(501)
  expect((await journal.upkeep.prune({ ...nothing, ended: Date.now() }, signal)).images).toBe(501)
  // Of exactly as many as one step takes, and of what is behind them.
  expect(journal.images.byId(ids)).toEqual([])
})

test('a backup is made though one that was killed has left its beginning', async () => {
  await using opened = await openJournal()
  const copy = join(opened.folder, 'copy.db')
  await writeFile(`${copy}.partial`, 'half of it')
  expect(backupJournal(opened.path, copy)).toBeGreaterThan(0)
  await expect(stat(`${copy}.partial`)).rejects.toThrow(/ENOENT/)
})

test('disclosures go after their own time, and not with the deliveries', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  await append(journal, [owing()], lsn(9))
  await settleAll(journal)
  const disclosed = async () => (await journal.db.selectFrom('disclosure').selectAll().execute()).length
  await journal.upkeep.prune({ ...nothing, settled: Date.now() + 1_000 }, signal)
  expect(await disclosed()).toBe(1)
  await journal.upkeep.prune({ ...nothing, disclosed: Date.now() + 1_000 }, signal)
  expect(await disclosed()).toBe(0)
})

test('a backup to a file that another one writes now is refused, and takes nothing from it', async () => {
  await using opened = await openJournal()
  const copy = join(opened.folder, 'copy.db')
  const lock = JournalLock.tryTake(`${copy}.partial`)
  await writeFile(`${copy}.partial`, 'so far')
  expect(() => backupJournal(opened.path, copy)).toThrow(
    new UsageError(`another \`notifyd backup\` writes ${copy} now: wait for its end, or name another file`),
  )
  expect(await readFile(`${copy}.partial`, 'utf8')).toBe('so far')
  lock?.release()
  expect(backupJournal(opened.path, copy)).toBeGreaterThan(0)
  expect((await readdir(opened.folder)).filter((name) => name.startsWith('copy.db'))).toEqual(['copy.db'])
})

test('a backup is whole, private and of one moment, and overwrites nothing', async () => {
  await using opened = await openJournal()
  const { journal, path, folder } = opened
  await append(journal, [owing()], lsn(9))
  const copy = join(folder, 'copy.db')
  expect(backupJournal(path, copy)).toBe((await stat(copy)).size)
  await append(journal, [owing({ ordinal: 1 })], lsn(10))
  expect((await stat(copy)).mode & 0o777).toBe(0o600)
  const bytes = await readFile(copy)
  expect(() => backupJournal(path, copy)).toThrow(UsageError)
  expect((await readFile(copy)).equals(bytes)).toBe(true)
  const nowhere = join(folder, 'none', 'copy.db')
  expect(() => backupJournal(path, nowhere)).toThrow(/could not be written \(ENOENT\): nothing of it is left/)
  expect(() => backupJournal(join(folder, 'none.db'), join(folder, 'second.db'))).toThrow(/there is no journal/)
  await expect(stat(join(folder, 'second.db.partial'))).rejects.toThrow(/ENOENT/)

  const restored = await Journal.open(copy)
  expect(restored.checkpoint()?.durableLsn).toBe(9n)
  expect(owed(restored)).toMatchObject([{ sequence: 1, body: '{"n":0}' }])
  await append(restored, [owing({ ordinal: 1 })], lsn(10))
  expect(owed(restored).map(({ sequence }) => sequence)).toEqual([1, 2])
  restored.close()
})

test('a gap’s notice has a checksum, as every delivery has', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const facts = { kind: 'slot is lost', slot: 's', reason: 'lost', from: '0/1', to: '0/9', bytes: 8 } as const
  await journal.recordGap({ ...facts, lastCommitAt: null })
  await journal.acceptGaps()
  await journal.goOnBehindGaps(lsn(9), { lsn: lsn(9), reached: null }, ['desk'])
  const row = await journal.db.selectFrom('delivery').selectAll().executeTakeFirstOrThrow()
  expect(row.checksum).toBe(checksumOf(row))
  expect(owed(journal)[0]?.isDamaged).toBeUndefined()
  await sql`UPDATE delivery SET body = replace(body, '0/1', '0/2')`.execute(journal.db)
  expect(owed(journal)[0]?.isDamaged).toBe(true)
})
