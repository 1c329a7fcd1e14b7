// A real PostgreSQL for tests, demo and bench. In: settings. Out: a server with wal_level=logical on a free port of
// 127.0.0.1, which leaves nothing behind when it is disposed of or when this process ends.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { appendFile, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { defaultMajor, type Major } from './majors.js'
import { nativeBin, openTempDirectory } from './native.js'
import { runProgram, type ServerProcess, serverUser, spawnServer } from './server-process.js'

export interface PostgresOptions {
  readonly major?: Major
  /** Go to postgresql.conf after ours, so that they win. `fsync` is on unless it is turned off here. */
  readonly settings?: Readonly<Record<string, string>>
  /** Default: a free one. */
  readonly port?: number
}

const defaults: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_connections: '200',
  max_replication_slots: '64',
  max_wal_senders: '64',
  max_prepared_transactions: '20',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  logging_collector: 'off',
  log_destination: 'stderr',
}

/** Makes a cluster and starts its server. */
export async function startPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  const user = await serverUser()
  const temp = await openTempDirectory(user !== undefined)
  const bin = await nativeBin(options.major ?? defaultMajor(), temp)
  const home = await mkdtemp(join(temp, 'notifyd-cluster-'))
  const password = randomBytes(12).toString('hex')
  const dataDir = join(home, 'data')
  try {
    const passwordFile = join(home, 'password')
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (user) for (const path of [home, passwordFile]) await chown(path, user.uid, user.gid)
    const how = ['--encoding=UTF8', '--locale=C', '--no-sync', '--auth=scram-sha-256', '--username=postgres']
    await runProgram(join(bin, 'initdb'), [...how, `--pwfile=${passwordFile}`, `--pgdata=${dataDir}`], user)
    const settings = Object.entries({ ...defaults, ...options.settings })
    await appendFile(
      join(dataDir, 'postgresql.conf'),
      settings.map(([key, value]) => `${key} = ${quote(value)}\n`).join(''),
    )
    const postgres = new TestPostgres({ home, dataDir, password, postgres: join(bin, 'postgres'), user }, options.port)
    await postgres.start()
    return postgres
  } catch (error) {
    await rm(home, { recursive: true, force: true })
    throw error
  }
}

const quote = (value: string) => `'${value.replaceAll("'", "''")}'`

interface Cluster {
  readonly home: string
  readonly dataDir: string
  readonly password: string
  readonly postgres: string
  readonly user: Awaited<ReturnType<typeof serverUser>>
}

/** A cluster and, between `start` and `stop`, its server. */
export class TestPostgres implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly dataDir: string
  readonly #cluster: Cluster
  readonly #removeAtExit: () => void
  #port: number | undefined
  #server: ServerProcess | null = null

  constructor(cluster: Cluster, port: number | undefined) {
    this.#cluster = cluster
    this.dataDir = cluster.dataDir
    this.#port = port
    // a running server's directory is removed by its guardian; this is for one that is stopped when we end
    this.#removeAtExit = () => {
      if (this.#server === null) rmSync(cluster.home, { recursive: true, force: true })
    }
    process.once('exit', this.#removeAtExit)
  }

  /** The same for the life of the cluster, over all restarts. */
  get port(): number {
    if (this.#port === undefined) throw new Error('PostgreSQL was never started')
    return this.#port
  }

  /** The postmaster's, while the server runs; else null. */
  get pid(): number | null {
    return this.#server?.pid ?? null
  }

  /** Another cluster with a file-level copy of the data of this one, which is stopped; its server is not started. */
  async copy(): Promise<TestPostgres> {
    if (this.#server !== null) throw new Error('PostgreSQL is running')
    const { user } = this.#cluster
    const home = await mkdtemp(join(dirname(this.#cluster.home), 'notifyd-cluster-'))
    if (user) await chown(home, user.uid, user.gid)
    const dataDir = join(home, 'data')
    await promisify(execFile)('cp', ['-a', this.dataDir, dataDir])
    return new TestPostgres({ ...this.#cluster, home, dataDir }, undefined)
  }

  /** The last lines of the server's log. */
  log(): string {
    return this.#server?.log() ?? ''
  }

  superuserUrl(database = 'postgres'): string {
    return this.urlFor('postgres', this.#cluster.password, database)
  }

  urlFor(role: string, password: string, database: string): string {
    const credentials = `${encodeURIComponent(role)}:${encodeURIComponent(password)}`
    return `postgres://${credentials}@${this.host}:${this.port}/${encodeURIComponent(database)}`
  }

  /** Makes an empty database. Resolves to its superuser URL. */
  async createDatabase(name: string): Promise<string> {
    const client = new pg.Client(this.superuserUrl())
    await client.connect()
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
    } finally {
      await client.end()
    }
    return this.superuserUrl(name)
  }

  /** Starts the server, again after `stop` or `kill`: same data, same port. */
  async start(): Promise<void> {
    if (this.#server !== null) throw new Error('PostgreSQL is running')
    const fixed = this.#port
    for (let attempt = 1; this.#server === null; attempt++) {
      const port = fixed ?? (await freePort())
      try {
        await this.#spawn(port)
      } catch (error) {
        // the port was taken since we looked, or the backends of a killed postmaster still hold its shared memory
        const passing = error instanceof Error && /could not bind|shared memory block/.test(error.message)
        if (!passing || attempt === 50) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }

  async #spawn(port: number): Promise<void> {
    const { postgres, dataDir, home, user } = this.#cluster
    const server = await spawnServer({ command: [postgres, '-D', dataDir, '-p', String(port)], home, user })
    this.#port = port
    this.#server = server
    const forget = () => {
      if (this.#server === server) this.#server = null
    }
    server.ended.then(forget, forget)
  }

  /** `fast`: aborts transactions and writes a checkpoint (waits for walsenders). `immediate`: as after a crash. Keeps the data. */
  stop(mode: 'fast' | 'immediate'): Promise<void> {
    return this.#signal(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  }

  /** SIGKILLs the postmaster; its backends end by themselves. */
  kill(): Promise<void> {
    return this.#signal('SIGKILL')
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server
    if (server === null) return
    process.kill(server.pid, signal)
    await server.ended
  }

  /** Stops the server, however busy, and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('immediate')
    process.removeListener('exit', this.#removeAtExit)
    await rm(this.#cluster.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
