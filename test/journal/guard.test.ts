// Whether the journal can be trusted, on a real one: files that go, or are replaced, while it is open; what a look finds; whether
// the last owner closed it.
import { copyFile, mkdtemp, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { JournalError } from '../../src/base/errors.js'
import { backupJournal } from '../../src/journal/backup.js'
import { Journal } from '../../src/journal/journal.js'
import { firstFinding } from '../../src/journal/quick-check.js'
import { openDatabase, openExisting } from '../../src/journal/sqlite-driver.js'
import { append, lsn, openJournal, owing } from './opened.js'

/** Changes in the file alone, as it would be found if its -wal were gone. */
async function inFileAlone(path: string, folder: string): Promise<number> {
  const copy = `${folder}/alone.db`
  await copyFile(path, copy)
  const database = openDatabase(copy)
  try {
    return Number(database.prepare('SELECT count(*) AS n FROM change').get()?.['n'])
  } finally {
    database.close()
  }
}

test('while its files are there nothing is wrong', async () => {
  await using opened = await openJournal()
  await append(opened.journal, [owing()], lsn(9))
  expect(opened.journal.guard.look()).toBeNull()
  expect(opened.journal.lost.aborted).toBe(false)
})

test('its -wal goes: it is lost, and what was committed is in the file', async () => {
  await using opened = await openJournal()
  const { journal, path, folder } = opened
  await append(journal, [owing()], lsn(9))
  await rm(`${path}-wal`)
  const reason = journal.guard.look()
  expect(reason?.message).toContain('journal.db-wal was deleted or moved')
  expect(await inFileAlone(path, folder)).toBe(1)
  expect(journal.lost.reason).toBe(reason)
  // The first reason stays, whatever is found after it.
  await rm(path)
  expect(journal.guard.look()).toBe(reason)
  await expect(append(journal, [owing({ ordinal: 1 })], lsn(10))).rejects.toBe(reason)
})

test('another file stands in its place: nothing is written, neither there nor to the -wal', async () => {
  await using opened = await openJournal()
  const { journal, path, folder } = opened
  await append(journal, [owing()], lsn(9))
  await writeFile(`${folder}/other`, '')
  await rename(`${folder}/other`, path)
  const { size } = await stat(`${path}-wal`)
  expect(journal.guard.look()?.message).toContain('journal.db was replaced')
  expect([(await stat(path)).size, (await stat(`${path}-wal`)).size]).toEqual([0, size])
})

test('the lock of its one owner goes: it is lost', async () => {
  await using opened = await openJournal()
  opened.journal.close()
  await writeFile(`${opened.path}.lock`, '')
  const journal = await Journal.open(opened.path)
  expect(journal.guard.look()).toBeNull()
  await rm(`${opened.path}.lock`)
  expect(journal.guard.look()?.message).toContain('journal.db.lock was deleted')
})

test('a journal is known to have been closed, or not', async () => {
  await using opened = await openJournal()
  const begun = async (end: boolean) => {
    const journal = await Journal.open(opened.path)
    const wasClean = await journal.upkeep.begin()
    if (end) await journal.upkeep.end()
    journal.close()
    return wasClean
  }
  opened.journal.close()
  // One that has followed something, and no life noted: of an older version, which noted none.
  expect(await begun(false)).toBe(false)
  expect(await begun(true)).toBe(false)
  expect(await begun(false)).toBe(true)
  expect(await begun(true)).toBe(false)
})

test('a new journal needs no look', async () => {
  await using opened = await openJournal()
  const journal = await Journal.open(`${opened.folder}/new.db`)
  expect(await journal.upkeep.begin()).toBe(true)
  journal.close()
})

test('a look through the file finds a damaged page, and says so in few words', async () => {
  await using opened = await openJournal()
  const { journal, path } = opened
  await append(journal, [owing()], lsn(9))
  journal.close()
  expect(firstFinding(path)).toBeNull()
  const database = openExisting(path, true)
  const size = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
  const pageOf = (tree: string) =>
    Number(database.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(tree)?.['rootpage'])
  const damage = async (page: number) => {
    const file = await open(path, 'r+')
    await file.write(Buffer.alloc(size, 0xa5), 0, size, (page - 1) * size)
    await file.close()
  }
  const page = pageOf('disclosure_replayed')
  database.close()
  await damage(page)
  expect(firstFinding(path)).toMatch(/^Tree \d+ page \d+[^\n]*$/)
  await damage(1)
  expect(firstFinding(path)).toBe('SQLite finds it malformed')
})

test.each<[string, (path: string, folder: string) => Promise<void>, string]>([
  ['a backup is copied over it', (path, folder) => copyFile(`${folder}/backup.db`, path), 'journal.db was overwritten'],
  ['it is cut to nothing', (path) => truncate(path, 0), 'journal.db was overwritten or cut short'],
  ['it is cut', (path) => truncate(path, 8_192), 'journal.db was overwritten'],
  ['an older copy of it', (path, folder) => copyFile(`${folder}/older.db`, path), 'journal.db was overwritten'],
  ['its -wal is cut to nothing', (path) => truncate(`${path}-wal`, 0), 'journal.db-wal was overwritten or cut short'],
  [
    'its -wal is cut',
    async (path) => truncate(`${path}-wal`, (await stat(`${path}-wal`)).size - 1),
    'journal.db-wal was',
  ],
  [
    'an older -wal is copied over',
    (path, folder) => copyFile(`${folder}/older-wal`, `${path}-wal`),
    'journal.db-wal was',
  ],
])('the same file with something else in it is lost, and nothing is written to it: %s', async (_, spoil, said) => {
  await using opened = await openJournal()
  const { journal, path, folder } = opened
  await append(journal, [owing()], lsn(9))
  await copyFile(path, `${folder}/older.db`)
  await copyFile(`${path}-wal`, `${folder}/older-wal`)
  backupJournal(path, `${folder}/backup.db`)
  journal.upkeep.emptyWal()
  await append(journal, [owing({ ordinal: 1, body: 'x'.repeat(1_000_000) })], lsn(10))
  journal.upkeep.emptyWal()
  await append(journal, [owing({ ordinal: 2 })], lsn(11))
  expect(journal.guard.look()).toBeNull()
  await spoil(path, folder)
  const asItIs = async () => Promise.all([path, `${path}-wal`].map((file) => readFile(file)))
  const before = await asItIs()
  await expect(append(journal, [owing({ ordinal: 3 })], lsn(12))).rejects.toThrow(said)
  expect(journal.guard.look()?.message).toContain('copy the newest `notifyd backup` to')
  journal.close()
  expect((await asItIs()).map((file, at) => before[at]?.equals(file))).toEqual([true, true])
})

test('what SQLite does itself spoils nothing: checkpoints, and commits on another connection', async () => {
  await using opened = await openJournal()
  const { journal, path } = opened
  const asker = await Journal.open(path, 'asker')
  for (let ordinal = 0; ordinal < 6; ordinal += 1) {
    await append(journal, [owing({ ordinal, body: 'x'.repeat(50_000) })], lsn(9 + ordinal))
    expect(journal.guard.look()).toBeNull()
    await asker.requests.ask('retry', {})
    expect(journal.guard.look()).toBeNull()
    // The next commit begins the -wal anew.
    if (ordinal % 2 === 0) await sql`PRAGMA wal_checkpoint(FULL)`.execute(journal.db)
    else journal.upkeep.emptyWal()
    expect(journal.guard.look()).toBeNull()
  }
  asker.close()
})

/** As the kernel leaves them where the owner is killed: the file of before the last checkpoint, and its -wal. */
async function killed(): Promise<{
  folder: string
  path: string
  backup: string
  [Symbol.asyncDispose](): Promise<void>
}> {
  await using opened = await openJournal()
  await append(opened.journal, [owing()], lsn(9))
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-killed-'))
  const [path, backup] = [join(folder, 'journal.db'), join(folder, 'backup.db')]
  backupJournal(opened.path, backup)
  for (const end of ['', '-wal']) await copyFile(`${opened.path}${end}`, `${path}${end}`)
  return { folder, path, backup, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

test.each<[string, (path: string, backup: string) => Promise<void>, string]>([
  ['a backup', (path, backup) => copyFile(backup, path), 'is a copy that `notifyd backup` made, and '],
  ['an empty file', (path) => truncate(path, 0), 'is empty, and '],
])(
  'a -wal that is left beside %s is never applied to it: nobody opens it, and nothing is touched',
  async (...given) => {
    const [, put, said] = given
    await using left = await killed()
    await put(left.path, left.backup)
    const wal = await readFile(`${left.path}-wal`)
    for (const role of ['owner', 'asker', 'reader'] as const) {
      const refused = await Journal.open(left.path, role).then(
        () => '',
        (error: unknown) => (error instanceof JournalError ? error.message : ''),
      )
      expect(refused).toContain(`${left.path} ${said}${left.path}-wal is left of the file that was there before`)
      expect(refused).toContain(`${left.path}-shm away`)
    }
    expect((await readFile(`${left.path}-wal`)).equals(wal)).toBe(true)
    // What the message says.
    for (const end of ['', '-wal', '-shm']) await rm(`${left.path}${end}`, { force: true })
    await copyFile(left.backup, left.path)
    const journal = await Journal.open(left.path)
    expect(journal.checkpoint()?.durableLsn).toBe(9n)
    journal.close()
  },
)

test('a -wal without its file is not taken away by a new journal: the file comes back, and all is there', async () => {
  await using left = await killed()
  await rename(left.path, `${left.path}.elsewhere`)
  await expect(Journal.open(left.path)).rejects.toThrow(/^there is no .*put back that file; where it is lost, move/)
  await rename(`${left.path}.elsewhere`, left.path)
  const journal = await Journal.open(left.path)
  expect(journal.checkpoint()?.durableLsn).toBe(9n)
  journal.close()
})

test('a journal whose schema cannot be read is damaged, and a text is no journal', async () => {
  await using opened = await openJournal()
  const { journal, path, folder } = opened
  journal.close()
  const bytes = await readFile(path)
  bytes.write('CREATE TABEL', bytes.indexOf('CREATE TABLE'))
  await writeFile(path, bytes)
  await writeFile(`${folder}/text`, 'no database, and longer than a hundred bytes: '.repeat(9))
  for (const role of ['owner', 'reader'] as const) {
    await expect(Journal.open(path, role)).rejects.toThrow('the journal is damaged (SQLite finds it malformed)')
    await expect(Journal.open(`${folder}/text`, role)).rejects.toThrow('is not a journal of notifyd')
  }
})
