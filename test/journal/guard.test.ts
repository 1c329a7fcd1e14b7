// Whether the journal can be trusted, on a real one: files that go, or are replaced, while it is open; what a look finds; whether
// the last owner closed it.
import { copyFile, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
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
