// Which file systems are none for a journal.
import { expect, test } from 'vitest'
import { inspectFileSystem, judgeFileSystem } from '../../src/journal/file-system.js'

test.each([
  [0x01021994, 'warn', 'on tmpfs, in memory'],
  [0x6969, 'fail', 'on NFS: over a network'],
  [0xff534d42, 'fail', 'on SMB: over a network'],
  [0xff534d42 | 0, 'fail', 'on SMB: over a network'],
])('type %i: %s', (type, level, found) => {
  expect(judgeFileSystem('/j', type)).toMatchObject({ level, found: expect.stringContaining(found) })
})

test('a local disk is no finding, and the place’s own is asked for', async () => {
  expect(judgeFileSystem('/j', 0xef53)).toBeNull()
  // /dev/shm is in memory wherever there is one.
  expect((await inspectFileSystem('/dev/shm'))?.found).toContain('/dev/shm is on tmpfs')
})
