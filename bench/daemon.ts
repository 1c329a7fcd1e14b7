// The built daemon under measurement: its log goes to a file, so that nobody's reading of it is measured.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DaemonHome } from '../testbed/daemon.js'
import { type Cost, costOf } from './process.js'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

export class BenchDaemon implements AsyncDisposable {
  #child: ChildProcess | null = null

  constructor(
    readonly home: DaemonHome,
    readonly slot: string,
  ) {}

  get logFile(): string {
    return join(this.home.path, 'daemon.log')
  }

  start(): void {
    const log = openSync(this.logFile, 'a')
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
