// A disk for the journal that can be full: a small tmpfs where mounting is allowed, else a limit on the size of the daemon's
// files (prlimit of util-linux), which fails the same writes with another errno.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DaemonProcess } from '../../testbed/daemon.js'

const run = promisify(execFile)

export interface JournalDisk extends AsyncDisposable {
  readonly journal: string
  /** For the table: in which way it becomes full. */
  readonly how: string
  fill(daemon: DaemonProcess): Promise<void>
  free(daemon: DaemonProcess): Promise<void>
}

export async function openJournalDisk(say: (text: string) => void): Promise<JournalDisk> {
  const folder = mkdtempSync(join(tmpdir(), 'notifyd-proof-'))
  const journal = join(folder, 'journal.db')
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0700', 'tmpfs', folder])
  } catch {
    say('mounting a tmpfs is not allowed here: the size of the daemon’s files is limited instead')
    return {
      journal,
      how: 'RLIMIT_FSIZE',
      fill: (daemon) => limitFiles(daemon, `${largest(journal)}:unlimited`),
      free: (daemon) => limitFiles(daemon, 'unlimited:unlimited'),
      [Symbol.asyncDispose]: async () => remove(),
    }
  }
  const filler = join(folder, 'filler')
  return {
    journal,
    how: 'tmpfs',
    fill: async () => fillUp(filler),
    free: async () => rmSync(filler, { force: true }),
    [Symbol.asyncDispose]: async () => {
      await run('umount', [folder])
      remove()
    },
  }
}

/** To the last page. */
function fillUp(filler: string): void {
  for (let size = 1024 * 1024; size >= 1024; ) {
    try {
      writeFileSync(filler, Buffer.alloc(size), { flag: 'a' })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      size /= 4
    }
  }
}

const largest = (journal: string): number =>
  Math.max(...['', '-wal'].map((end) => statSync(`${journal}${end}`, { throwIfNoEntry: false })?.size ?? 0))

async function limitFiles(daemon: DaemonProcess, to: string): Promise<void> {
  await run('prlimit', ['--pid', String(daemon.pid), `--fsize=${to}`])
}
