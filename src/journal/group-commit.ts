// Writes of many callers, one fsync: jobs that arrive within a turn of the event loop share a transaction. A promise
// resolves only when its job is on the disk. Owns that a job that fails takes no other with it.
import type { Sqlite } from './sqlite.js'

interface Job {
  run(): void
  done(): void
  failed(error: unknown): void
}

export class GroupCommit {
  #jobs: Job[] = []
  #scheduled = false

  constructor(private readonly sqlite: Sqlite) {}

  /** `work` is synchronous, and may run twice when another job of its group fails. */
  write<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const results: T[] = []
      this.#jobs.push({
        run: () => {
          results[0] = work()
        },
        done: () => resolve(results[0] as T),
        failed: reject,
      })
      if (this.#scheduled) return
      this.#scheduled = true
      setImmediate(() => this.flush())
    })
  }

  /** Commits what waits, now. */
  flush(): void {
    this.#scheduled = false
    const jobs = this.#jobs
    this.#jobs = []
    if (jobs.length === 0) return
    if (this.#commits(jobs)) return
    for (const job of jobs) this.#commits([job])
  }

  /** Whether the group is settled: committed, or alone in having failed. */
  #commits(jobs: readonly Job[]): boolean {
    try {
      this.sqlite.transaction(() => {
        for (const job of jobs) job.run()
      })
    } catch (error) {
      if (jobs.length > 1) return false
      for (const job of jobs) job.failed(error)
      return true
    }
    for (const job of jobs) job.done()
    return true
  }
}
