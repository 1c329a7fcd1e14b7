// Replays in the process that owns the journal: those that were asked for, and those that an earlier life left unfinished,
// one after another.
import { backoffMs, pause } from './base/backoff.js'
import { errorCode } from './base/errors.js'
import type { Log } from './base/log.js'
import type { Journal } from './journal/journal.js'
import type { Deliverer } from './send/deliver.js'
import { runReplay } from './send/replay.js'

export interface ReplayRunnerOptions {
  readonly journal: Journal
  readonly deliverer: Deliverer
  readonly log: Log
  readonly signal: AbortSignal
}

const again = { firstMs: 500, maxMs: 30_000 }

export class ReplayRunner {
  #running: Promise<void> | null = null

  constructor(private readonly options: ReplayRunnerOptions) {}

  /** Something may have been asked for. */
  wake(): void {
    this.#running ??= this.#runAll().finally(() => {
      this.#running = null
    })
  }

  /** Resolves when none is running any more; the signal ends them soon. */
  async ended(): Promise<void> {
    await this.#running
  }

  async #runAll(): Promise<void> {
    const { journal, log, signal } = this.options
    for (let failures = 0; !signal.aborted; ) {
      try {
        const next = journal.replays.next()
        if (next === null) return
        log.info({ replay: next.id, total: next.total, delivered: next.delivered }, 'replaying')
        await runReplay(next, this.options)
        const done = journal.replays.get(next.id)
        if (done?.finished === true) {
          log.info({ replay: next.id, delivered: done.delivered, failed: done.failures.length }, 'replay ended')
        }
        failures = 0
      } catch (error) {
        failures += 1
        log.error({ code: errorCode(error) }, 'a replay could not be recorded; trying again')
        await pause(backoffMs(failures, again), signal)
      }
    }
  }
}
