// A copy of a journal that is in use: one read transaction, so it is of one moment, and it ends however much is written
// meanwhile (the -wal grows until then). The file is there whole and on the disk, or not at all, whoever else writes there.
import { accessSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode, JournalError, UsageError } from '../base/errors.js'
import { JournalLock } from './lock.js'
import { openExisting } from './sqlite-driver.js'
import { namedError } from './sqlite-error.js'

/** @param file the copy, mode 0600. Gives its size in bytes. @throws UsageError where it is there already, else JournalError */
export function backupJournal(journal: string, file: string): number {
  refuseThere(file)
  const lock = takePlace(file)
  try {
    refuseThere(file)
    return copyTo(journal, file)
  } finally {
    // While it is held: whoever opened it meanwhile finds the copy there.
    rmSync(`${partialOf(file)}.lock`, { force: true })
    lock.release()
  }
}

const partialOf = (file: string): string => `${file}.partial`

function refuseThere(file: string): void {
  if (!existsSync(file)) return
  throw new UsageError(`the file ${file} is there: a backup overwrites nothing, so name another, or remove it`)
}

/** The kernel frees it where the process is killed. */
function takePlace(file: string): JournalLock {
  try {
    accessSync(dirname(file))
    const lock = JournalLock.tryTake(partialOf(file))
    if (lock !== null) return lock
  } catch (error) {
    throw notWritten(file, error)
  }
  throw new UsageError(`another \`notifyd backup\` writes ${file} now: wait for its end, or name another file`)
}

function copyTo(journal: string, file: string): number {
  const partial = partialOf(file)
  const database = openExisting(journal, true)
  try {
    // What one that was killed has left. SQLite writes into a file that is there as long as it is empty.
    rmSync(partial, { force: true })
    closeSync(openSync(partial, 'wx', 0o600))
    database.prepare('VACUUM INTO ?').run(partial)
    sync(partial)
    renameSync(partial, file)
    sync(dirname(file))
    return statSync(file).size
  } catch (error) {
    rmSync(partial, { force: true })
    const named = namedError(error)
    if (named instanceof JournalError) throw named
    throw notWritten(file, named)
  } finally {
    database.close()
  }
}

const notWritten = (file: string, cause: unknown): JournalError =>
  new JournalError(`the backup ${file} could not be written (${codeOf(cause) ?? 'unknown'}): nothing of it is left`, {
    cause,
  })

/** Of what the system said, also where the lock's own message is around it. */
const codeOf = (error: unknown): string | null =>
  errorCode(error instanceof JournalError ? namedError(error.cause) : error)

/** SQLite does not wait for the disk when it writes a copy. */
function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
