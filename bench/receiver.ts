// The receiver's process as the bench sees it.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type Ask =
  | {
      readonly tag: 'reset'
      /** Before each answer. */
      readonly delayMs?: number
      /** Requests that are kept whole. */
      readonly keepSamples?: number
      readonly checkOrder?: boolean
    }
  | { readonly tag: 'wait'; readonly count: number; readonly of: 'live' | 'replayed' }
  | { readonly tag: 'report' }

export type Told =
  | { readonly tag: 'listening'; readonly port: number }
  | { readonly tag: 'done' }
  | { readonly tag: 'reached'; readonly at: number }
  | { readonly tag: 'report'; readonly report: Report }

export interface Sample {
  /** Lines `name: value`. */
  readonly headers: string[]
  readonly body: string
}

export interface Report {
  readonly count: number
  /** Requests of replays: no other figure has them. */
  readonly replayed: number
  /** Unix ms with fractions, of this host's clock. */
  readonly firstAt: number
  readonly lastAt: number
  /** From PostgreSQL's commit timestamp to the whole request's arrival, ms, in order of arrival. */
  readonly lags: number[]
  readonly samples: Sample[]
  /** Requests whose sequence was not above the one before of the same appointment. */
  readonly outOfOrder: number
}

export class BenchReceiver implements AsyncDisposable {
  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(): Promise<BenchReceiver> {
    const file = fileURLToPath(new URL('./receiver-process.ts', import.meta.url))
    const child = fork(file, { execArgv: ['--import', 'tsx'], serialization: 'advanced' })
    const { port } = await heard(child, 'listening')
    return new BenchReceiver(child, port)
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`
  }

  async reset(options: Omit<Extract<Ask, { tag: 'reset' }>, 'tag'> = {}): Promise<void> {
    this.child.send({ tag: 'reset', ...options } satisfies Ask)
    await heard(this.child, 'done')
  }

  /** Resolves when so many have arrived since the reset; to the time of that. */
  async until(count: number): Promise<number> {
    this.child.send({ tag: 'wait', count, of: 'live' } satisfies Ask)
    return (await heard(this.child, 'reached')).at
  }

  /** Resolves when the first request of a replay has arrived since the reset. */
  async replaying(): Promise<void> {
    this.child.send({ tag: 'wait', count: 1, of: 'replayed' } satisfies Ask)
    await heard(this.child, 'reached')
  }

  async report(): Promise<Report> {
    this.child.send({ tag: 'report' } satisfies Ask)
    return (await heard(this.child, 'report')).report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null) return
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.disconnect()
    await ended
  }
}

function heard<T extends Told['tag']>(child: ChildProcess, tag: T): Promise<Extract<Told, { tag: T }>> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the receiver has ended'))
    const listen = (told: Told) => {
      if (told.tag !== tag) return
      child.off('message', listen)
      child.off('exit', ended)
      resolve(told as Extract<Told, { tag: T }>)
    }
    child.on('message', listen)
    child.once('exit', ended)
  })
}
