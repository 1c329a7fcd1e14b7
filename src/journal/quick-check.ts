// `PRAGMA quick_check` over a journal that is in use, in a process of its own and on a read-only connection: it takes neither
// the daemon's event loop nor its locks, and can be ended at any moment. A path in, what is wrong out.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { JournalError } from '../base/errors.js'
import { packageFile } from '../base/places.js'
import { openExisting } from './sqlite-driver.js'
import { namedError } from './sqlite-error.js'

/** Resolves to the first finding, a few words of SQLite's without data; null: there is none. @throws where it could not look */
export async function quickCheck(path: string, signal: AbortSignal): Promise<string | null> {
  const script = fileURLToPath(packageFile('dist/journal/quick-check-process.js'))
  const { stdout } = await promisify(execFile)(process.execPath, [script, path], { signal })
  const finding: unknown = JSON.parse(stdout)
  return typeof finding === 'string' ? finding : null
}

/** The same in this process, which it keeps busy. */
export function firstFinding(path: string): string | null {
  const database = openExisting(path, true)
  try {
    const row = database.prepare('PRAGMA quick_check(1)').get()
    // A heading that names the database, and the finding.
    const said = String(row?.['quick_check']).split('\n').at(-1) ?? ''
    return said === 'ok' ? null : said
  } catch (error) {
    if (namedError(error) instanceof JournalError) return 'SQLite finds it malformed'
    throw error
  } finally {
    database.close()
  }
}
