// A script of the bench in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export class Child implements AsyncDisposable {
  readonly process: ChildProcess
  readonly exited: Promise<number | null>

  constructor(script: string, args: readonly string[]) {
    const file = fileURLToPath(new URL(script, import.meta.url))
    this.process = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.exited = once(this.process, 'exit').then(([status]) => status as number | null)
  }

  /** Resolves when it has printed something. */
  async ready(): Promise<void> {
    if (this.process.stdout !== null) await once(this.process.stdout, 'data')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM')
    await this.exited
  }
}
