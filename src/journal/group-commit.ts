// Writes of many callers, one fsync: jobs that arrive within a turn of the event loop share a transaction, and those that
// are in no hurry wait a little for company. A promise resolves only when its job is on the disk, in the file that a restart
// finds. Owns that a job that fails takes no other with it.
import type { JournalError } from '../base/errors.js'
import { failpoint } from './failpoint.js'
import type { Sqlite } from './sqlite.js'

interface Job {
  run(): void
  done(): void
  failed(error: unknown): void
}

/** What is in no hurry waits for this many times what the last commit took, so that a slow disk gets larger groups. */
const patience = 3
const longestWaitMs = 20
const longestAlongMs = 30
/** So many have company enough. */
const company = 100

export class GroupCommit {
  #jobs: Job[] = []
  #hurried: NodeJS.Immediate | null = null
  #unhurried: NodeJS.Timeout | null = null
  #unhurriedAt = Number.POSITIVE_INFINITY
  #lastTookMs = 1

  /** @param lost looks at the journal's files before and after each commit: why nothing may be built on it, or null */
  constructor(
    private readonly sqlite: Sqlite,
    private readonly lost: () => JournalError | null,
  ) {}

  /** `work` is synchronous, and may run twice when another job of its group fails. */
  write<T>(work: () => T): Promise<T> {
    this.#hurried ??= setImmediate(() => this.flush())
    return this.#add(work)
  }

  /** As `write`, some milliseconds later where nothing else is written meanwhile. */
  writeSoon<T>(work: () => T): Promise<T> {
    if (this.#jobs.length >= company) this.#hurried ??= setImmediate(() => this.flush())
    this.#waitAtMost(Math.min(longestWaitMs, patience * this.#lastTookMs))
    return this.#add(work)
  }

  /** As `write`, with what is written next: for what has time, and may not cost others an fsync. */
  writeAlong<T>(work: () => T): Promise<T> {
    this.#waitAtMost(longestAlongMs)
    return this.#add(work)
  }

  /** Commits what waits, now. */
  flush(): void {
    if (this.#hurried !== null) clearImmediate(this.#hurried)
    if (this.#unhurried !== null) clearTimeout(this.#unhurried)
    this.#hurried = null
    this.#unhurried = null
    this.#unhurriedAt = Number.POSITIVE_INFINITY
    const jobs = this.#jobs
    this.#jobs = []
    if (jobs.length === 0) return
    const started = performance.now()
    if (!this.#commits(jobs)) for (const job of jobs) this.#commits([job])
    this.#lastTookMs = performance.now() - started
  }

  #waitAtMost(ms: number): void {
    const at = performance.now() + ms
    if (this.#hurried !== null || at >= this.#unhurriedAt) return
    if (this.#unhurried !== null) clearTimeout(this.#unhurried)
    this.#unhurriedAt = at
    this.#unhurried = setTimeout(() => this.flush(), ms)
  }

  #add<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const results: T[] = []
      this.#jobs.push({
        run: () => {
          results[0] = work()
        },
        done: () => resolve(results[0] as T),
        failed: reject,
      })
    })
  }

  /** Whether the group is settled: committed, or alone in having failed. */
  #commits(jobs: readonly Job[]): boolean {
    try {
      // A commit may end with a checkpoint, which would hide from the next look what somebody has done to the file.
      const known = this.lost()
      if (known !== null) throw known
      this.sqlite.transaction(() => {
        for (const job of jobs) job.run()
        failpoint('commit')
      })
    } catch (error) {
      if (jobs.length > 1) return false
      for (const job of jobs) job.failed(error)
      return true
    }
    const lost = this.lost()
    for (const job of jobs) {
      if (lost === null) job.done()
      else job.failed(lost)
    }
    return true
  }
}
