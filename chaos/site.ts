// The place of a chaos run: a PostgreSQL behind a TCP path that can fail, three receivers, and one daemon, which is started
// again whenever it has ended. The clinic's database is SQL_ASCII, so that any byte can stand in it, and its appointment
// table is partitioned, so that a partition can be made.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import { applyClinicalSchema, createDaemonRole } from '../testbed/clinical-schema.js'
import { type DaemonHome, type DaemonProcess, makeHome } from '../testbed/daemon.js'
import { fakedClock, setFakedClock } from '../testbed/faked-clock.js'
import { startPostgres, type TestPostgres } from '../testbed/postgres.js'
import { type Receiver, startReceiver } from '../testbed/receiver.js'
import { TcpPath } from '../testbed/tcp-path.js'
import { UndoStack } from '../testbed/undo-stack.js'
import { Keeper } from './keeper.js'
import { truthTable } from './truth.js'

export const path = '/hook'

export interface ChaosSite extends AsyncDisposable {
  readonly postgres: TestPostgres
  /** Of the clinic's database, as its owner, by no path that fails. */
  readonly url: string
  readonly path: TcpPath
  readonly receivers: readonly Receiver[]
  readonly home: DaemonHome
  /** The one that runs now. */
  daemon(): DaemonProcess
  /** The next start of the daemon gets this failpoint. */
  arm(failpoint: string): void
  /** The daemon's wall clock is off by this from now on; its next starts' too. */
  stepClock(offMs: number): void
  /** SIGKILLs the daemon, and starts no other until `release`. */
  hold(): Promise<void>
  release(): void
  /** How often the daemon ended, by exit status or signal. */
  readonly ends: Map<string, number>
}

export async function openChaosSite(logFile: string): Promise<ChaosSite> {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { wal_sender_timeout: '6s' } }))
  const password = randomBytes(9).toString('hex')
  const url = await openClinic(postgres, password)
  const proxy = undo.use(await TcpPath.start({ host: postgres.host, port: postgres.port }))
  const behindProxy = new URL(postgres.urlFor('notifyd', password, database))
  behindProxy.port = String(proxy.port)
  const receivers: Receiver[] = []
  const endpoints: object[] = []
  for (const name of ['one', 'two', 'three']) {
    const secret = `whsec_${randomBytes(24).toString('base64')}`
    const receiver = undo.use(await startReceiver({ secrets: [secret] }))
    receivers.push(receiver)
    const retry_seconds = Array.from({ length: 100 }, () => 0.5)
    endpoints.push({ name, url: receiver.url(path), secrets: [secret], timeout_ms: 1000, retry_seconds })
  }
  const home = undo.use(await makeHome({ database: { url: behindProxy.href }, endpoints }))
  const clock = join(home.path, 'clock')
  setFakedClock(clock, 0)
  const keeper = undo.use(new Keeper(home, fakedClock(clock), logFile))
  const owned = undo.move()
  return {
    postgres,
    url,
    path: proxy,
    receivers,
    home,
    daemon: () => keeper.daemon,
    stepClock: (offMs) => setFakedClock(clock, offMs),
    arm: (failpoint) => keeper.arm(failpoint),
    hold: () => keeper.hold(),
    release: () => keeper.release(),
    ends: keeper.ends,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

const database = 'clinic'

/** The ids that the clinic gives by itself are below it; the partitions of a run begin there. */
export const firstFarId = 1_000_000_000

const partitioned = `
  ALTER TABLE appointment RENAME TO appointment_near;
  CREATE TABLE appointment (LIKE appointment_near INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (id))
    PARTITION BY RANGE (id);
  ALTER TABLE appointment_near ALTER id DROP IDENTITY;
  ALTER TABLE appointment ATTACH PARTITION appointment_near FOR VALUES FROM (MINVALUE) TO (${firstFarId});
  CREATE INDEX ON appointment (note_id);
  CREATE SCHEMA attic`

/** Gives the URL of its owner. */
async function openClinic(postgres: TestPostgres, password: string): Promise<string> {
  const superuser = new pg.Client(postgres.superuserUrl())
  await superuser.connect()
  await createDaemonRole(superuser, password)
  await superuser.query(`CREATE DATABASE ${database} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0`)
  await superuser.end()
  const client = new pg.Client(postgres.superuserUrl(database))
  await client.connect()
  await applyClinicalSchema(client, ['schema'])
  await client.query(partitioned)
  await applyClinicalSchema(client, ['publication', 'role'])
  await client.query(`
    ALTER TABLE appointment_near REPLICA IDENTITY FULL;
    ALTER PUBLICATION notifyd SET (publish_via_partition_root = true)`)
  await client.query(truthTable)
  await client.end()
  return postgres.superuserUrl(database)
}
