// Who looks at a journal, or asks something of its daemon, changes nothing about it: not its schema, not its mode, not its -wal.
import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { Journal } from '../../src/journal/journal.js'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { ask } from '../../src/terminal/ask.js'
import { readJournal } from '../../src/terminal/read-journal.js'
import { append, lsn, type Opened, openJournal, owing } from './opened.js'

const accept = { kind: 'gaps accept', arguments: {} } as const

function migrationsOf({ path }: Opened): string {
  const database = openDatabase(path)
  const rows = database.prepare('SELECT name FROM kysely_migration ORDER BY name').all()
  database.close()
  return rows.map(({ name }) => name).join()
}

const migrated = (opened: Opened, statement: string) => {
  const database = openDatabase(opened.path)
  database.exec(statement)
  database.close()
  return migrationsOf(opened)
}

test('a journal of another version is refused in a sentence that says what to do, and stays as it is', async () => {
  await using opened = await openJournal()
  const { path } = opened
  const older = migrated(opened, "DELETE FROM kysely_migration WHERE name = '003-disclosure-kept'")
  const hint = /of an older notifyd \(it has no 003-disclosure-kept\): restart `notifyd run` in this version/
  await expect(readJournal(path, () => undefined)).rejects.toThrow(hint)
  await expect(ask(path, accept, new Set())).rejects.toThrow(hint)
  expect(migrationsOf(opened)).toBe(older)
  const newer = migrated(
    opened,
    "INSERT INTO kysely_migration VALUES ('003-disclosure-kept', '2026-01-01'), ('999-of-tomorrow', '2030-01-01')",
  )
  const newerHint = /of a newer notifyd \(it has 999-of-tomorrow\): use that version/
  await expect(readJournal(path, () => undefined)).rejects.toThrow(newerHint)
  await expect(ask(path, accept, new Set())).rejects.toThrow(newerHint)
  await expect(Journal.open(path)).rejects.toThrow(newerHint)
  expect(migrationsOf(opened)).toBe(newer)
})

test('a reader writes nothing, and reads what a daemon that was killed left in the -wal', async () => {
  await using opened = await openJournal()
  const { journal, path, folder } = opened
  await append(journal, [owing()], lsn(7))
  const left = join(folder, 'left')
  await mkdir(left)
  for (const end of ['', '-wal']) await copyFile(`${path}${end}`, join(left, `journal.db${end}`))
  const copy = join(left, 'journal.db')
  await chmod(copy, 0o640)
  const wal = await readFile(`${copy}-wal`)
  expect(wal.length).toBeGreaterThan(0)
  await readJournal(copy, async (reader) => {
    expect(reader.checkpoint()?.durableLsn).toBe(7n)
    expect(reader.loadOwed('desk', 0, 10).deliveries).toHaveLength(1)
    await expect(sql`DELETE FROM delivery`.execute(reader.db)).rejects.toThrow(/readonly/)
  })
  expect((await stat(copy)).mode & 0o777).toBe(0o640)
  expect((await readFile(`${copy}-wal`)).equals(wal)).toBe(true)
})

test('what is not there is told from what this user may not see', async () => {
  await using opened = await openJournal()
  const { path, folder } = opened
  await expect(readJournal(join(folder, 'none.db'), () => undefined)).rejects.toThrow(/there is no journal .*none\.db/)
  await expect(ask(join(folder, 'none.db'), accept, new Set())).rejects.toThrow(/there is no journal/)
  await expect(stat(join(folder, 'none.db'))).rejects.toThrow(/ENOENT/)
  const isRoot = process.getuid?.() === 0
  if (!isRoot) await chmod(folder, 0o000)
  const script = fileURLToPath(new URL('./refused-to.ts', import.meta.url))
  const nobody = 65534
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, path], {
    ...(isRoot && { uid: nobody, gid: nobody }),
    env: { PATH: process.env['PATH'] ?? '' },
  })
  if (!isRoot) await chmod(folder, 0o700)
  expect(stdout).toMatch(
    /^JournalError: this user may not open the journal .*\(EACCES\): use the user that runs notifyd/,
  )
})

test('a full disk is called that, and what could not be written is not half there', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const pages = await sql<{ page_count: number }>`PRAGMA page_count`.execute(journal.db)
  await sql.raw(`PRAGMA max_page_count = ${pages.rows[0]?.page_count ?? 0}`).execute(journal.db)
  const large = owing({ body: 'x'.repeat(100_000) })
  await expect(append(journal, [large], lsn(9))).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(journal.checkpoint()?.durableLsn).toBe(1n)
  await sql.raw('PRAGMA max_page_count = 1000000').execute(journal.db)
  await append(journal, [large], lsn(9))
  expect(journal.loadOwed('desk', 0, 10).deliveries).toHaveLength(1)
})
