// A command that only looks: the journal as it is, with a daemon running or not.
import { existsSync } from 'node:fs'
import { JournalError } from '../base/errors.js'
import { Journal } from '../journal/journal.js'

/** @throws JournalError where there is no journal, or it cannot be read. */
export async function readJournal<T>(path: string, read: (journal: Journal) => T | Promise<T>): Promise<T> {
  if (!existsSync(path)) {
    throw new JournalError(`there is no journal ${path}: \`notifyd run\` makes it, or journal.url names another file`)
  }
  const journal = await Journal.open(path)
  try {
    return await read(journal)
  } finally {
    journal.close()
  }
}
