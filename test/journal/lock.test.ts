import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { JournalLock } from '../../src/journal/lock.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notifyd-lock-'))
})
afterEach(() => rm(folder, { recursive: true }))

const holder = fileURLToPath(new URL('./hold-lock.ts', import.meta.url))

/** Another process that holds the lock until it is killed. */
async function held(path: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', holder, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

test('a journal has one owner; who waits takes over from one that was killed', async () => {
  const path = join(folder, 'journal.db')
  const child = await held(path)
  expect(JournalLock.tryTake(path)).toBeNull()
  let waited = 0
  const { signal } = new AbortController()
  const taking = JournalLock.take(path, () => (waited += 1), signal)
  child.kill('SIGKILL')
  const lock = await taking
  expect(lock).not.toBeNull()
  expect(waited).toBe(1)
  expect((await stat(`${path}.lock`)).mode & 0o777).toBe(0o600)
  // Looking for it from the same process does not drop it.
  expect(JournalLock.tryTake(path)).toBeNull()
  expect(JournalLock.tryTake(path)).toBeNull()
  lock?.release()
  JournalLock.tryTake(path)?.release()
})

test('waiting ends with the signal', async () => {
  const path = join(folder, 'journal.db')
  const lock = JournalLock.tryTake(path)
  const controller = new AbortController()
  const taking = JournalLock.take(path, () => controller.abort(), controller.signal)
  expect(await taking).toBeNull()
  lock?.release()
})

test('where its disk takes nothing, that is said of the journal, and not in words of SQLite’s', async () => {
  const path = join(folder, 'no-room.db')
  const child = spawn('prlimit', ['--fsize=0', process.execPath, '--import', 'tsx', holder, path])
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await once(child, 'close')
  expect(said).toContain(`the journal ${path} cannot be opened (`)
})
