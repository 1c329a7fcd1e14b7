// A folder for a journal whose durability is not what the test is about: in memory where there is such a place, since the
// laws of a journal are tried on thousands of commits, and each of them is an fsync.
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const inMemory = '/dev/shm'

/** To be removed by who asks for it. */
export const quickFolder = (): Promise<string> =>
  mkdtemp(join(existsSync(inMemory) ? inMemory : tmpdir(), 'notifyd-journal-'))
