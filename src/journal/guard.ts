// Whether the journal can be trusted. In: a damaged page that a statement met, a file that is not there any more, what a look
// found. Out: one signal, aborted for good, after which nothing is committed and nothing acknowledged.
import { errorCode, JournalError } from '../base/errors.js'
import { JournalFiles } from './journal-files.js'
import type { Sqlite } from './sqlite.js'
import { damaged } from './sqlite-error.js'

export class JournalGuard {
  readonly #sqlite: Sqlite
  readonly #files: JournalFiles

  /** @param path of the journal, which is open */
  constructor(sqlite: Sqlite, path: string) {
    this.#sqlite = sqlite
    this.#files = new JournalFiles(path)
  }

  /** Before and after a commit, and now and then. The reason for which nothing may go on; null: there is none. */
  look(): JournalError | null {
    const known = this.#sqlite.lostReason
    if (known !== null) return known
    try {
      const lost = this.#files.lost()
      if (lost === null) return null
      this.#sqlite.lose(lost.error)
      // What was acknowledged is then in the file that the next start finds, though its -wal is not.
      if (lost.isWhole) this.#sqlite.emptyWal()
    } catch (error) {
      this.#sqlite.lose(unseen(error))
    }
    return this.#sqlite.lostReason
  }

  /** Before a journal that was written to is closed: that ends with a checkpoint, which may not go into a stranger's file. */
  lookOnceMore(): void {
    if (this.#files.areWatched) this.look()
  }

  /** Only once SQLite has closed the journal. */
  close(): void {
    this.#files.close()
  }

  /** What a look through the whole file has found. @param finding a few words, without data of patients */
  found(finding: string): void {
    this.#sqlite.lose(damaged(finding))
  }
}

const unseen = (error: unknown): JournalError =>
  new JournalError(
    `the journal’s files cannot be looked at any more (${errorCode(error) ?? 'unknown'}), so notifyd ends: see to the disk or the folder, and start it again`,
    { cause: error },
  )
