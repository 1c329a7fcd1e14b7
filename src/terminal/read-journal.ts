// A command that only looks: the journal as it is, with a daemon running or not. It is opened read-only, and never brought to
// another version's schema.
import { accessSync, constants } from 'node:fs'
import { errorCode } from '../base/errors.js'
import { Journal } from '../journal/journal.js'

/** @throws JournalError where there is no journal, it cannot be read, or it is of another version. */
export async function readJournal<T>(path: string, read: (journal: Journal) => T | Promise<T>): Promise<T> {
  const journal = await Journal.open(path, 'reader')
  try {
    return await read(journal)
  } finally {
    journal.close()
  }
}

/** False only where nothing is there: a journal that this user may not see is there. */
export function isThere(path: string): boolean {
  try {
    accessSync(path, constants.F_OK)
    return true
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')
  }
}
