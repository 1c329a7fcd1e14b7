// Replays in the process that owns the journal: those that were asked for, and those that an earlier life left unfinished,
// one after another. Recompute is the other half: today's protocols over the journaled changes.
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
  async stopped(): Promise<void> {
    await this.#running
  }

  async #runAll(): Promise<void> {
    const { journal, log, signal } = this.options
    for (let next = journal.unfinishedReplays()[0]; next !== undefined && !signal.aborted; ) {
      log.info({ replay: next.id, total: next.total, done_up_to: next.doneUpTo }, 'replaying')
      await runReplay(next, this.options)
      const done = journal.replay(next.id)
      log.info({ replay: next.id, delivered: done?.delivered, failed: done?.failures.length }, 'replay ended')
      next = journal.unfinishedReplays()[0]
    }
  }
}
