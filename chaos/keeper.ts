// Keeps one daemon alive, as a service manager would: started again whenever it has ended. In: its home. Out: the one that
// runs now, and how often it ended which way.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DaemonHome, type DaemonProcess, spawnNotifyd } from '../testbed/daemon.js'

export class Keeper implements AsyncDisposable {
  daemon: DaemonProcess
  /** By exit status or signal. */
  readonly ends = new Map<string, number>()
  #failpoint: string | null = null
  #isKeeping = true

  constructor(
    private readonly home: DaemonHome,
    private readonly env: Readonly<Record<string, string>>,
    private readonly logFile: string,
  ) {
    this.daemon = this.#start()
  }

  /** The next start of the daemon gets this failpoint, and it is at once. */
  arm(failpoint: string): void {
    this.#failpoint = failpoint
    this.daemon.kill('SIGKILL')
  }

  /** SIGKILLs it, and starts no other until `release`. */
  async hold(): Promise<void> {
    this.#isKeeping = false
    await this.daemon.stop('SIGKILL')
  }

  release(): void {
    this.#isKeeping = true
    this.daemon = this.#start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isKeeping = false
    await this.daemon.stop('SIGTERM')
  }

  #start(): DaemonProcess {
    const env = { ...this.env, ...(this.#failpoint !== null && { NOTIFYD_FAILPOINT: this.#failpoint }) }
    this.#failpoint = null
    const startedAt = performance.now()
    const daemon = spawnNotifyd(this.home, ['run'], env)
    void daemon.exited.then(async ({ status, signal }) => {
      appendFileSync(this.logFile, `${daemon.stdout}${daemon.stderr}--- ended: ${status ?? signal}\n`)
      const how = signal ?? `status ${status}`
      this.ends.set(how, (this.ends.get(how) ?? 0) + 1)
      // One that refuses to start is not started a thousand times a minute.
      if (status !== null && status !== 0 && performance.now() - startedAt < 1_000) await sleep(500)
      if (this.#isKeeping && this.daemon === daemon) this.daemon = this.#start()
    })
    return daemon
  }
}
