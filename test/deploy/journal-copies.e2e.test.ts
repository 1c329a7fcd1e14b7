// What docs/operations.md says of a journal that was moved, of one from last night, of a backup, and of a damaged one.
import { copyFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Journal } from '../../src/journal/journal.js'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { Clinic } from '../../testbed/clinic.js'
import { until } from '../support/condition.js'
import { openSite, type Site, seenCount } from '../support/site.js'
import { backupShape, deadLettersShape, linesOf } from '../terminal/shapes.js'

test('a journal is moved by a copy; one from last night is a gap, and its sequence numbers come again', async () => {
  await using site = await openSite()
  const clinic = new Clinic(site.client)
  const book = async (count: number) => {
    await clinic.book({ patient: null })
    await site.receiver.until(() => seenCount(site.receiver) === count)
  }
  const first = await site.start()
  await book(1)
  await first.stop()
  const beside = (await readdir(site.home.path)).filter((name) => name.endsWith('-wal'))
  expect(await Promise.all(beside.map(async (name) => (await stat(join(site.home.path, name))).size))).toEqual(
    beside.map(() => 0),
  )

  const moved = join(site.home.path, 'moved.db')
  await copyFile(site.home.journalFile, moved)
  await site.configure({ ...site.config, journal: { url: moved } })
  const second = await site.start()
  await book(2)
  await second.stop()

  await site.configure(site.config)
  const third = site.spawn(['run', '--halt-on-gap'])
  expect((await third.exited).status).toBe(4)
  expect(third.stderr).toContain('the slot is ahead of the journal')
  expect((await site.spawn(['gaps', 'accept']).exited).status).toBe(0)
  await site.start()
  await book(3)
  expect(site.receiver.delivered.map(({ sequence }) => sequence)).toEqual([1, 2, 2])
})

async function ran(site: Site, args: readonly string[]): Promise<string> {
  const command = site.spawn(args)
  const { status } = await command.exited
  expect(command.stderr).toBe('')
  expect(status).toBe(0)
  return command.stdout
}

test('a backup is made beside the daemon or without it, and a daemon goes on with it', async () => {
  await using site = await openSite()
  const clinic = new Clinic(site.client)
  const first = await site.start()
  await clinic.book({ patient: null })
  await site.receiver.until(() => seenCount(site.receiver) === 1)
  const beside = join(site.home.path, 'beside.db')
  const made = backupShape.parse(JSON.parse(await ran(site, ['backup', beside, '--json'])))
  const again = site.spawn(['backup', beside])
  expect((await again.exited).status).toBe(2)
  expect(again.stderr).toContain(`the file ${beside} is there: a backup overwrites nothing`)
  const copy = await Journal.open(beside, 'reader')
  expect(copy.figures().lastCommittedAt).not.toBeNull()
  copy.close()
  expect(made).toMatchObject({ file: beside, bytes: (await stat(beside)).size })
  expect(first.stdout).not.toContain('"level":50')
  await first.stop()

  await clinic.book({ patient: null })
  const without = join(site.home.path, 'without.db')
  expect(await ran(site, ['backup', without])).toMatch(
    /without\.db: \d+\.\d MB in .* s; it holds everything before 0\//,
  )
  await site.configure({ ...site.config, journal: { url: without } })
  await site.start()
  await site.receiver.until(() => seenCount(site.receiver) === 2)
  expect(site.receiver.delivered.map(({ sequence }) => sequence)).toEqual([1, 2])
})

test('what is damaged in the journal is a dead letter; a recompute from its LSN sends it anew', async () => {
  const endpoint = { enabled: false }
  await using site = await openSite({ endpoint })
  const clinic = new Clinic(site.client)
  const first = await site.start()
  await clinic.book({ patient: null })
  await clinic.book({ patient: null })
  await clinic.book({ patient: null })
  const owed = () => {
    const database = openDatabase(site.home.journalFile)
    const count = database.prepare('SELECT count(*) AS n FROM delivery').get()?.['n']
    database.close()
    return count
  }
  await until(() => owed() === 3)
  await first.stop()
  const database = openDatabase(site.home.journalFile)
  database.exec("UPDATE delivery SET body = replace(body, 'true', 'trve') WHERE id = 1")
  database.exec("UPDATE delivery SET lane = 'appointment' WHERE id = 2")
  database.close()

  const [scheduling] = site.config['endpoints'] as Record<string, unknown>[]
  await site.configure({ ...site.config, endpoints: [{ ...scheduling, enabled: true }] })
  const second = await site.start()
  await site.receiver.until(() => seenCount(site.receiver) === 1)
  await second.line(({ msg, webhook_id }) => msg === 'notification dead' && webhook_id !== undefined)
  const dead = linesOf(deadLettersShape, await ran(site, ['dead-letters', 'list', '--json'])).flat()
  expect(dead.map(({ error, sequence }) => [error, sequence])).toEqual([
    ['damaged in the journal', 1],
    ['damaged in the journal', 2],
  ])

  await ran(site, ['replay', '--recompute', '--from', String(dead[0]?.lsn)])
  const sequences = site.receiver.delivered.map(({ sequence }) => Number(sequence))
  expect(sequences.toSorted((a, b) => a - b)).toEqual([3, 4, 5])
  const told = site.receiver.delivered.map(({ appointmentExternalId }) => appointmentExternalId)
  expect(new Set(told).size).toBe(3)
  expect(site.receiver.delivered.every(({ rawBody }) => /"created": ?true/.test(rawBody.toString()))).toBe(true)
  // Said again it sends nothing: both have been told.
  await ran(site, ['replay', '--recompute', '--from', String(dead[0]?.lsn)])
  expect(site.receiver.delivered).toHaveLength(3)
})
