// One daemon at a time owns a journal: it holds an exclusive transaction on `<journal>.lock`, which the kernel frees even
// at SIGKILL. Never a pidfile, and never locking_mode=EXCLUSIVE, which would lock readers of the journal out.
import { pause } from '../base/backoff.js'
import { type Database, openDatabase } from './sqlite-driver.js'
import { cannotOpen, isBusy } from './sqlite-error.js'

const pollMs = 1_000

export class JournalLock {
  private constructor(private readonly database: Database) {}

  /** Null: somebody else holds it. @throws JournalError when the file cannot be opened, or the disk is full. */
  static tryTake(journalPath: string): JournalLock | null {
    const database = openDatabase(`${journalPath}.lock`)
    try {
      database.exec('begin exclusive')
      return new JournalLock(database)
    } catch (error) {
      database.close()
      if (isBusy(error)) return null
      throw cannotOpen(journalPath, error)
    }
  }

  /** Waits for it; null when `signal` ends the waiting. `waiting` is called once, when somebody else holds it. */
  static async take(journalPath: string, waiting: () => void, signal: AbortSignal): Promise<JournalLock | null> {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const lock = JournalLock.tryTake(journalPath)
      if (lock !== null) return lock
      if (isFirst) waiting()
      await pause(pollMs, signal)
    }
    return null
  }

  release(): void {
    this.database.close()
  }
}
