// The daemon's side of the protocols' thread: one thread's life from load to end. Runs in, results out as they come; tells
// how the thread ended. Owns the clock: a run that takes longer than the limit ends the thread.
import { Worker } from 'node:worker_threads'
import { ProtocolLoadError } from '../base/errors.js'
import type { Log } from '../base/log.js'
import type { FromWorker, LoadedProtocol, Run, RunResult, ToWorker, WorkerOptions } from './worker-messages.js'

export interface ThreadOptions extends Omit<WorkerOptions, 'progress'> {
  /** Names of the configured endpoints, at the start. */
  readonly endpoints: readonly string[]
  readonly timeoutMs: number
  readonly log: Log
  /** Where the compiled worker.js lies. */
  readonly url: URL
}

/** `run`: the index of the run that was in progress; null: the thread was idle, or never came to its first run. */
export type ThreadEnd = { readonly run: number | null; readonly timedOut: boolean; readonly message: string }

const loadTimeoutMs = 30_000

export class ProtocolThread {
  readonly #worker: Worker
  readonly #options: ThreadOptions
  readonly #progress: Int32Array
  readonly #ended: Promise<string>
  #onMessage: (message: FromWorker) => void = () => undefined

  private constructor(options: ThreadOptions) {
    const { url, files, settings } = options
    const progress = new SharedArrayBuffer(4)
    const workerData: WorkerOptions = { files, settings, progress }
    this.#options = options
    this.#progress = new Int32Array(progress).fill(-1)
    // What protocols print themselves is dropped: nobody has checked it for names.
    this.#worker = new Worker(url, {
      workerData,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    this.#worker.stdout.resume()
    this.#worker.stderr.resume()
    let message = 'the protocols’ thread ended by itself'
    this.#worker.on('error', (error: unknown) => {
      message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    })
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve(message)))
    this.#worker.on('message', (sent: FromWorker) => this.#onMessage(sent))
  }

  /** @throws ProtocolLoadError */
  static async start(
    options: ThreadOptions,
  ): Promise<{ thread: ProtocolThread; protocols: readonly LoadedProtocol[] }> {
    const thread = new ProtocolThread(options)
    const timer = setTimeout(() => void thread.end(), loadTimeoutMs)
    const files = options.files.join(', ')
    const loaded = new Promise<FromWorker>((resolve) => {
      thread.#onMessage = resolve
    })
    const first = await Promise.race([loaded, thread.#ended])
    clearTimeout(timer)
    if (typeof first === 'string') throw new ProtocolLoadError(files, `loading ended early: ${first}`)
    if (first.tag === 'load failed') throw new ProtocolLoadError(first.file, first.message)
    if (first.tag !== 'loaded') throw new ProtocolLoadError(files, `loading said ${first.tag}`)
    return { thread, protocols: first.protocols }
  }

  /**
   * Gives each result to `ran`, in order. Resolves to null when all have run, else to how the thread ended: it is not to be
   * used again then. Never rejects.
   */
  async run(
    runs: readonly Run[],
    endpoints: readonly string[],
    ran: (result: RunResult) => void,
  ): Promise<ThreadEnd | null> {
    let left = runs.length
    let late: number | null = null
    const watch = this.#watch((run) => {
      late ??= run
      void this.end()
    })
    const done = new Promise<null>((resolve) => {
      this.#onMessage = (message) => {
        if (message.tag === 'log') this.#log(message)
        else if (message.tag === 'ran') {
          left -= 1
          ran(message.result)
          if (left === 0) resolve(null)
        }
      }
    })
    this.#post({ tag: 'run', runs, endpoints })
    try {
      const end = await Promise.race([done, this.#ended])
      if (end === null) return null
      const run = late ?? Atomics.load(this.#progress, 0)
      return { run: run < 0 ? null : run, timedOut: late !== null, message: end }
    } finally {
      clearInterval(watch)
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #watch(expired: (run: number) => void): NodeJS.Timeout {
    const { timeoutMs } = this.#options
    let seen = -1
    let since = performance.now()
    return setInterval(
      () => {
        const run = Atomics.load(this.#progress, 0)
        const now = performance.now()
        if (run !== seen) since = now
        seen = run
        if (now - since >= timeoutMs) expired(run)
      },
      Math.min(100, timeoutMs / 4),
    )
  }

  #log({ level, protocol, lsn, message }: Extract<FromWorker, { tag: 'log' }>): void {
    this.#options.log[level]({ protocol, lsn }, message)
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }
}
