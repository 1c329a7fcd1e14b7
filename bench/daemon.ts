// The built daemon under measurement: its log goes to a file, so that nobody's reading of it is measured.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DaemonHome } from '../testbed/daemon.js'
import { type Cost, costOf } from './process.js'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

export class BenchDaemon implements AsyncDisposable {
  #child: ChildProcess | null = null
  /** Length of the log when it was started. */
  #logged = 0

  constructor(
    readonly home: DaemonHome,
    readonly slot: string,
    private readonly database: Readonly<Record<string, unknown>>,
  ) {}

  get logFile(): string {
    return join(this.home.path, 'daemon.log')
  }

  /** What its config says but for the database, from the next start on. */
  configure(config: Readonly<Record<string, unknown>>): Promise<void> {
    return this.home.configure({ ...this.database, ...config })
  }

  start(): void {
    const log = openSync(this.logFile, 'a')
    this.#logged = fstatSync(log).size
    const env = { PATH: process.env['PATH'] ?? '' }
    // To profile it: BENCH_NODE_ARGS='--cpu-prof --cpu-prof-dir=…'.
    const nodeArgs = (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter((arg) => arg !== '')
    this.#child = spawn(process.execPath, [...nodeArgs, cli, 'run', '--config', this.home.configFile], {
      cwd: this.home.path,
      env,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
  }

  /** Resolves when its log says so. */
  async streaming(): Promise<void> {
    const from = this.#logged
    for (;;) {
      const text = readFileSync(this.logFile, 'utf8').slice(from)
      if (text.includes('"msg":"streaming"')) return
      if (this.#child?.exitCode !== null) throw new Error(`the daemon has ended: ${text}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  cost(): Cost {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('the daemon was not started')
    return costOf(pid)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}
