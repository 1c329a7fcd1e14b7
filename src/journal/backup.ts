// A copy of a journal that is in use: one read transaction, so it is of one moment, and it ends however much is written
// meanwhile (the -wal grows until then). The file is there whole and on the disk, or not at all.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode, JournalError, UsageError } from '../base/errors.js'
import { openExisting } from './sqlite-driver.js'
import { namedError } from './sqlite-error.js'

/** @param file the copy, mode 0600. Gives its size in bytes. @throws UsageError where it is there already, else JournalError */
export function backupJournal(journal: string, file: string): number {
  if (existsSync(file)) {
    throw new UsageError(`the file ${file} is there: a backup overwrites nothing, so name another, or remove it`)
  }
  const partial = `${file}.partial`
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
    throw new JournalError(
      `the backup ${file} could not be written (${errorCode(named) ?? 'unknown'}): nothing of it is left`,
      { cause: error },
    )
  } finally {
    database.close()
  }
}

/** SQLite does not wait for the disk when it writes a copy. */
function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
