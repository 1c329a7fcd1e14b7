// Users' protocols as compute sees them: runs in, one result for each out, whatever the protocols do. Owns that a thread
// that ended is replaced, and that a protocol that ended five in a row is suspended until the next start.
import { StreamError } from '../base/errors.js'
import type { ProtocolOutcome } from './computed-change.js'
import { ProtocolThread, type ThreadEnd, type ThreadOptions } from './protocol-thread.js'
import type { LoadedProtocol, Run, RunResult } from './worker-messages.js'

const suspendAfter = 5

type Left = { readonly run: Run; readonly index: number }
type Results = (RunResult | undefined)[]

export class UserProtocols {
  readonly #options: ThreadOptions
  /** Ends of the thread in a row, by protocol. */
  readonly #ends = new Map<string, number>()
  #thread: ProtocolThread | null
  #endpoints: readonly string[]
  #isClosed = false

  private constructor(
    options: ThreadOptions,
    thread: ProtocolThread,
    readonly protocols: readonly LoadedProtocol[],
  ) {
    this.#options = options
    this.#thread = thread
    this.#endpoints = options.endpoints
  }

  /** @throws ProtocolLoadError */
  static async load(options: ThreadOptions): Promise<UserProtocols> {
    const { thread, protocols } = await ProtocolThread.start(options)
    return new UserProtocols(options, thread, protocols)
  }

  /** Names that a protocol may send to, from the next batch on. */
  serve(endpoints: readonly string[]): void {
    this.#endpoints = endpoints
  }

  /** @throws StreamError when closed meanwhile. Nothing of the batch is kept then. */
  async run(runs: readonly Run[]): Promise<readonly RunResult[]> {
    const results: Results = runs.map(() => undefined)
    for (;;) {
      const left = this.#left(runs, results)
      if (left.length === 0) return results.filter((result) => result !== undefined)
      const isNew = this.#thread === null
      const thread = await this.#started()
      const end = await this.#runOn(thread, left, results)
      // What an earlier run left behind can end the thread while it is idle: that is no fault of the runs to come. A new
      // thread has no earlier run; one that ends before its first would do so for ever.
      if (end !== null) this.#blame({ ...end, run: end.run ?? (isNew ? 0 : null) }, left, results)
    }
  }

  #runOn(thread: ProtocolThread, left: readonly Left[], results: Results): Promise<ThreadEnd | null> {
    let at = 0
    return thread.run(
      left.map(({ run }) => run),
      this.#endpoints,
      (result) => {
        const slot = left[at]
        at += 1
        if (slot === undefined) return
        this.#ends.delete(slot.run.protocol)
        results[slot.index] = result
      },
    )
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#thread?.end()
  }

  /** The runs without a result; those of suspended protocols get theirs here. */
  #left(runs: readonly Run[], results: Results): Left[] {
    return [...runs.entries()].flatMap(([index, run]) => {
      if (results[index] !== undefined) return []
      if ((this.#ends.get(run.protocol) ?? 0) < suspendAfter) return [{ run, index }]
      const message = `suspended after ${suspendAfter} time-outs in a row, until the daemon starts again`
      results[index] = failed(run, 'suspended', message)
      return []
    })
  }

  async #started(): Promise<ProtocolThread> {
    if (!this.#isClosed) this.#thread ??= (await ProtocolThread.start(this.#options)).thread
    if (this.#thread !== null && !this.#isClosed) return this.#thread
    // Closed while it started: nobody else would end it.
    await this.#thread?.end()
    throw new StreamError('ENDED', 'the daemon stops')
  }

  #blame(end: ThreadEnd, left: readonly Left[], results: Results): void {
    this.#thread = null
    if (this.#isClosed || end.run === null) return
    const blamed = left[end.run]
    if (blamed === undefined || results[blamed.index] !== undefined) return
    const { protocol } = blamed.run
    const ends = (this.#ends.get(protocol) ?? 0) + 1
    this.#ends.set(protocol, ends)
    const limit = `it ran longer than protocol_timeout_ms (${this.#options.timeoutMs} ms)`
    results[blamed.index] = failed(blamed.run, end.timedOut ? 'timed_out' : 'threw', end.timedOut ? limit : end.message)
    if (ends === suspendAfter) this.#options.log.error({ protocol }, 'protocol suspended until the next start')
  }
}

function failed(run: Run, cause: 'threw' | 'timed_out' | 'suspended', message: string): RunResult {
  const outcome: ProtocolOutcome = { tag: 'failed', protocol: run.protocol, cause, message, stack: null }
  return { outcome, notifications: [] }
}
