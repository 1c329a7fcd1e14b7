// What docs/operations.md says of a journal that was moved, and of one from last night.
import { copyFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { openSite, seenCount } from '../support/site.js'

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
