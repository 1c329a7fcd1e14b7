// The journal's files go while the daemon runs, or come back damaged: it ends with one message, and what it acknowledged is in
// the file that the next start finds.
import { copyFile, open, rename, rm, stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import type { DaemonProcess } from '../../testbed/daemon.js'
import { openSite, path, quickRetries, type Site, seenCount } from '../support/site.js'

const until = ({ receiver }: Site, count: number) => receiver.until(() => seenCount(receiver) === count)

/** Status 1, and one message on stderr. */
async function halted(daemon: DaemonProcess): Promise<string> {
  expect((await daemon.exited).status).toBe(1)
  expect(daemon.stderr.match(/^notifyd: /gm)).toHaveLength(1)
  return daemon.stderr
}

test('a file of the journal goes: the daemon halts, and what was acknowledged is in the file that is there', async () => {
  await using site = await openSite()
  const clinic = new Clinic(site.client)
  const journal = site.home.journalFile
  const acknowledgedPast = async (lsn: string) => {
    const query = 'SELECT confirmed_flush_lsn > $1 AS past FROM pg_replication_slots WHERE slot_name = $2'
    const { rows } = await site.client.query<{ past: boolean }>(query, [lsn, site.database.slot])
    return rows[0]?.past
  }
  const now = async () => {
    const { rows } = await site.client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn')
    return rows[0]?.lsn ?? ''
  }
  const first = await site.start()
  await clinic.book({ patient: null })
  await until(site, 1)

  // Moved away under work: the commit that comes next is in no file that anybody finds.
  await rename(journal, `${journal}.elsewhere`)
  const moved = await now()
  await clinic.book({ patient: null })
  expect(await halted(first)).toMatch(/journal\.db was deleted or moved while notifyd ran.*acknowledges nothing more/)
  expect(await acknowledgedPast(moved)).toBe(false)
  expect(seenCount(site.receiver)).toBe(1)
  await rename(`${journal}.elsewhere`, journal)

  // The -wal: what it held was written to the journal.
  const second = await site.start()
  await until(site, 2)
  await rm(`${journal}-wal`)
  expect(await halted(second)).toContain('journal.db-wal was deleted or moved')

  // The lock, with nothing to do.
  const third = await site.start()
  await clinic.book({ patient: null })
  await until(site, 3)
  await rm(`${journal}.lock`)
  expect(await halted(third)).toMatch(/journal\.db\.lock was deleted.*another one may own the journal/)

  // Another file in its place, and no other daemon's -wal is taken away at the end.
  const fourth = await site.start()
  await clinic.book({ patient: null })
  await until(site, 4)
  const other = `${journal}.other`
  await (await open(other, 'w')).close()
  await rename(other, journal)
  const { ino } = await stat(`${journal}-wal`)
  expect(await halted(fourth)).toContain('journal.db was replaced')
  expect((await stat(`${journal}-wal`)).ino).toBe(ino)
  // One whose outcome was not written yet when the file went is repeated under its number.
  expect([...new Set(site.receiver.delivered.map(({ sequence }) => sequence))]).toEqual([1, 2, 3, 4])
})

test('a backup copied over the journal halts the daemon; no start takes the -wal for its own; the message says what to do', async () => {
  await using site = await openSite()
  const clinic = new Clinic(site.client)
  const journal = site.home.journalFile
  const backup = `${journal}.backup`
  const first = await site.start()
  await clinic.book({ patient: null })
  await until(site, 1)
  expect((await site.spawn(['backup', backup]).exited).status).toBe(0)
  await clinic.book({ patient: null })
  await until(site, 2)

  // With nothing to do.
  const began = performance.now()
  await copyFile(backup, journal)
  const said = await halted(first)
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(said).toMatch(/journal\.db was overwritten or cut short.*acknowledges nothing more: move what is left of/)
  const { size } = await stat(`${journal}-wal`)
  expect(size).toBeGreaterThan(0)

  const left = `${journal} is a copy that \`notifyd backup\` made, and ${journal}-wal is left of the file that was there before`
  const second = site.spawn(['run'])
  expect(await halted(second)).toContain(left)
  for (const args of [['status'], ['gaps', 'list'], ['backup', `${journal}.second`]]) {
    const command = site.spawn(args)
    expect([(await command.exited).status, command.stderr]).toEqual([1, expect.stringContaining(left)])
  }
  expect((await stat(`${journal}-wal`)).size).toBe(size)

  await rename(`${journal}-wal`, `${journal}.elsewhere-wal`)
  await rm(`${journal}-shm`)
  const third = site.spawn(['run'])
  await third.line('a gap: the stream stands still until `notifyd gaps accept`; what is owed is paid all the same')
  const list = site.spawn(['gaps', 'list'])
  await list.exited
  expect(list.stdout).toContain('the slot is ahead of the journal')
  await third.stop()

  // Deleted, and started again by whoever does that: no new journal takes the place of the one that may come back.
  await rm(journal)
  await rename(`${journal}.elsewhere-wal`, `${journal}-wal`)
  expect(await halted(site.spawn(['run']))).toMatch(/there is no .*journal\.db, and .*put back that file/)
  expect((await stat(`${journal}-wal`)).size).toBe(size)
})

/** Garbage where the tree of a table or an index begins, in a journal that no process has open. */
async function damage(journal: string, tree: string): Promise<void> {
  const database = openDatabase(journal)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const size = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
  const page = Number(database.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(tree)?.['rootpage'])
  database.close()
  const file = await open(journal, 'r+')
  await file.write(Buffer.alloc(size, 0xa5), 0, size, (page - 1) * size)
  await file.close()
}

test('after an end that was not clean the journal is looked through beside the work; a damaged page halts', async () => {
  await using site = await openSite({ endpoint: quickRetries })
  const clinic = new Clinic(site.client)
  const begun = /it is looked through beside the work/
  const first = await site.start()
  await clinic.book({ patient: null })
  await until(site, 1)
  expect(first.stdout).not.toMatch(begun)
  await first.stop('SIGKILL')

  const second = await site.start()
  await second.line('the journal was looked through: nothing is wrong with it')
  await second.stop()
  const third = await site.start()
  await clinic.book({ patient: null })
  await until(site, 2)
  await third.stop('SIGKILL')
  expect(third.stdout).not.toMatch(begun)

  await damage(site.home.journalFile, 'disclosure_replayed')
  const fourth = await site.start()
  expect(await halted(fourth)).toMatch(/the journal is damaged \(Tree \d+ page.*\): stop notifyd.*docs\/operations\.md/)
  expect(fourth.stdout).toMatch(begun)
})

test('a damaged page that an outcome meets halts the daemon at once: the POST is not repeated', async () => {
  await using site = await openSite({ endpoint: quickRetries })
  const clinic = new Clinic(site.client)
  const first = await site.start()
  await first.stop()
  await damage(site.home.journalFile, 'attempt')
  site.receiver.program(path, [answer(503)])
  const second = await site.start()
  await clinic.book({ patient: null })
  expect(await halted(second)).toContain('the journal is damaged (SQLite finds it malformed)')
  expect(second.stdout).not.toContain('trying again')
  expect(site.receiver.posts).toHaveLength(1)
})
