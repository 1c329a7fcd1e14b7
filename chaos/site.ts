// The place of a chaos run: a PostgreSQL behind a TCP path that can fail, three receivers, and one daemon, which is started
// again whenever it has ended.
import { randomBytes } from 'node:crypto'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { applyClinicalSchema, createDaemonRole } from '../testbed/clinical-schema.js'
import { type DaemonHome, type DaemonProcess, makeHome, spawnNotifyd } from '../testbed/daemon.js'
import { startPostgres, type TestPostgres } from '../testbed/postgres.js'
import { type Receiver, startReceiver } from '../testbed/receiver.js'
import { TcpPath } from '../testbed/tcp-path.js'
import { UndoStack } from '../testbed/undo-stack.js'
import { truthTable } from './writers.js'

export const path = '/hook'

export interface ChaosSite extends AsyncDisposable {
  readonly postgres: TestPostgres
  readonly path: TcpPath
  readonly receivers: readonly Receiver[]
  readonly home: DaemonHome
  /** The one that runs now. */
  daemon(): DaemonProcess
  /** The next start of the daemon gets this failpoint. */
  arm(failpoint: string): void
  /** The daemon's wall clock is off by this from now on; its next starts' too. */
  stepClock(offMs: number): void
  /** Ends the keeping alive; the daemon goes on. */
  stopRestarting(): void
  /** How often the daemon ended, by exit status or signal. */
  readonly ends: Map<string, number>
}

export async function openChaosSite(logFile: string): Promise<ChaosSite> {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { wal_sender_timeout: '6s' } }))
  const client = new pg.Client(postgres.superuserUrl())
  await client.connect()
  const password = randomBytes(9).toString('hex')
  await createDaemonRole(client, password)
  await applyClinicalSchema(client)
  await client.query(truthTable)
  await client.end()
  const proxy = undo.use(await TcpPath.start({ host: postgres.host, port: postgres.port }))
  const url = new URL(postgres.urlFor('notifyd', password, 'postgres'))
  url.port = String(proxy.port)
  const receivers: Receiver[] = []
  const endpoints: object[] = []
  for (const name of ['one', 'two', 'three']) {
    const secret = `whsec_${randomBytes(24).toString('base64')}`
    const receiver = undo.use(await startReceiver({ secrets: [secret] }))
    receivers.push(receiver)
    const retry_seconds = Array.from({ length: 100 }, () => 0.5)
    endpoints.push({ name, url: receiver.url(path), secrets: [secret], timeout_ms: 1000, retry_seconds })
  }
  const home = undo.use(await makeHome({ database: { url: url.href }, endpoints }))
  const keeper = undo.use(new Keeper(home, logFile))
  const owned = undo.move()
  return {
    postgres,
    path: proxy,
    receivers,
    home,
    daemon: () => keeper.daemon,
    stepClock: (offMs) => writeFileSync(clockFile(home), String(offMs)),
    arm: (failpoint) => keeper.arm(failpoint),
    stopRestarting: () => keeper.stopRestarting(),
    ends: keeper.ends,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

const clockFile = (home: DaemonHome): string => join(home.path, 'clock')

/** Starts the daemon again whenever it has ended, as a service manager would. */
class Keeper implements AsyncDisposable {
  daemon: DaemonProcess
  readonly ends = new Map<string, number>()
  #failpoint: string | null = null
  #isKeeping = true

  constructor(
    private readonly home: DaemonHome,
    private readonly logFile: string,
  ) {
    this.daemon = this.#start()
  }

  arm(failpoint: string): void {
    this.#failpoint = failpoint
    this.daemon.kill('SIGKILL')
  }

  stopRestarting(): void {
    this.#isKeeping = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isKeeping = false
    await this.daemon.stop('SIGTERM')
  }

  #start(): DaemonProcess {
    const env = {
      NODE_OPTIONS: `--import ${new URL('../testbed/stepped-clock.mjs', import.meta.url).href}`,
      CLOCK_FILE: clockFile(this.home),
      ...(this.#failpoint !== null && { NOTIFYD_FAILPOINT: this.#failpoint }),
    }
    this.#failpoint = null
    const daemon = spawnNotifyd(this.home, ['run'], env)
    void daemon.exited.then(({ status, signal }) => {
      appendFileSync(this.logFile, `${daemon.stdout}${daemon.stderr}--- ended: ${status ?? signal}\n`)
      const how = signal ?? `status ${status}`
      this.ends.set(how, (this.ends.get(how) ?? 0) + 1)
      if (this.#isKeeping) this.daemon = this.#start()
    })
    return daemon
  }
}
