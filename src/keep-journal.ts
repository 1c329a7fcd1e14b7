// What the daemon does for its journal beside using it: forgets by age, sees that its files are still there, and looks through
// one whose last owner did not close it. Owns that a journal which cannot be trusted ends the daemon, whatever it waits for.
import { errorCode, JournalError } from './base/errors.js'
import type { Parts } from './daemon-parts.js'
import type { Journal } from './journal/journal.js'
import { quickCheck } from './journal/quick-check.js'

const pruneEveryMs = 3_600_000
/** Well below the 10 s within which a lost file is to be seen while nothing is committed. */
const lookEveryMs = 2_000
/** So many looks in a row another process may read in the way of emptying the -wal; then after the next prune. */
const emptyAttempts = 30

type KeepOptions = Pick<Parts, 'config' | 'log' | 'signal' | 'state'>

/**
 * Does `work` with a signal that is aborted with the daemon's, or when the journal is lost; then it is waited for no longer.
 * @throws JournalError why the journal is lost, else what `work` throws
 */
export async function keepJournal(
  journal: Journal,
  options: KeepOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { lost } = journal
  const signal = AbortSignal.any([options.signal, lost])
  const keeper = new Keeper(journal, { ...options, signal }, await journal.upkeep.begin())
  const ended = new AbortController()
  // One that was not looked through to its end is looked through after the next start.
  const close = async () => {
    if (keeper.isChecked && !lost.aborted) await journal.upkeep.end()
  }
  try {
    await Promise.race([work(signal), reasonOf(lost, ended.signal)])
    await close()
  } catch (error) {
    // Whatever else ended the work (a database that is not ready) ended it in order. A journal that cannot be told so is looked
    // through after the next start, and what is thrown on is why.
    if (!(error instanceof JournalError)) await close().catch(() => undefined)
    throw error
  } finally {
    ended.abort()
    keeper.stop()
  }
}

/** Rejects with the reason of `lost`, and never after `ended`. */
const reasonOf = (lost: AbortSignal, ended: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const tell = () => reject(lost.reason)
    if (lost.aborted) tell()
    else lost.addEventListener('abort', tell, { once: true, signal: ended })
  })

class Keeper {
  readonly #journal: Journal
  readonly #options: KeepOptions
  readonly #timers: readonly NodeJS.Timeout[]
  #check: 'due' | 'running' | 'done'
  #emptyIn = 0

  constructor(journal: Journal, options: KeepOptions, wasClean: boolean) {
    this.#journal = journal
    this.#options = options
    this.#check = wasClean ? 'done' : 'due'
    this.#timers = [setInterval(() => this.#look(), lookEveryMs), setInterval(() => void this.#prune(), pruneEveryMs)]
  }

  get isChecked(): boolean {
    return this.#check === 'done'
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  #look(): void {
    if (this.#journal.guard.look() !== null) return
    if (this.#emptyIn > 0) this.#empty()
    const { phase } = this.#options.state
    const isUp = phase !== 'starting' && phase !== 'connecting' && phase !== 'stopping'
    if (this.#check !== 'due' || !isUp) return
    this.#check = 'running'
    void this.#lookThrough()
  }

  async #lookThrough(): Promise<void> {
    const { config, log, signal } = this.#options
    log.info('the journal was not closed when notifyd ended last: it is looked through beside the work')
    try {
      const finding = await quickCheck(config.journal.url, signal)
      if (finding !== null) return this.#journal.guard.found(finding)
      this.#check = 'done'
      log.info('the journal was looked through: nothing is wrong with it')
    } catch (error) {
      if (signal.aborted) return
      log.warn({ code: errorCode(error) }, 'the journal could not be looked through; it is tried after the next start')
    }
  }

  async #prune(): Promise<void> {
    const { config, log, signal } = this.#options
    const { retention_days, audit_days, image_days } = config.journal
    const before = { settled: daysAgo(retention_days), disclosed: daysAgo(audit_days), ended: daysAgo(image_days) }
    try {
      const pruned = await this.#journal.upkeep.prune(before, signal)
      log.debug(pruned, 'journal pruned')
      this.#emptyIn = emptyAttempts
    } catch (error) {
      if (error instanceof JournalError) return
      log.error({ code: errorCode(error) }, 'the journal could not be pruned; trying again in an hour')
    }
  }

  #empty(): void {
    const { log } = this.#options
    try {
      const isEmpty = this.#journal.upkeep.emptyWal()
      this.#emptyIn = isEmpty ? 0 : this.#emptyIn - 1
      if (isEmpty) log.debug('the -wal was emptied of what was pruned')
      else if (this.#emptyIn === 0)
        log.warn(
          'another process reads the journal without end: what was pruned is still in its -wal; end that process',
        )
    } catch (error) {
      this.#emptyIn = 0
      log.error({ code: errorCode(error) }, 'the -wal could not be emptied of what was pruned; trying again in an hour')
    }
  }
}

const daysAgo = (days: number): number => Date.now() - days * 86_400_000
