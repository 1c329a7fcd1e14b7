// The place of a proof: a PostgreSQL of its own with the clinic's schema (fsync on, as a clinic runs it), a TCP path to it that
// can fail, three receivers, and a home for daemons.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { applyClinicalSchema, createDaemonRole } from '../../testbed/clinical-schema.js'
import { type DaemonHome, type DaemonProcess, makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { startPostgres, type TestPostgres } from '../../testbed/postgres.js'
import { type Receiver, startReceiver } from '../../testbed/receiver.js'
import { TcpPath } from '../../testbed/tcp-path.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { workload } from './work.js'

export const path = '/hook'
export const slot = 'notifyd'

export interface ProofSite extends AsyncDisposable {
  readonly postgres: TestPostgres
  /** The application's connections, the superuser's; made again when the server was restarted. */
  readonly sql: pg.Pool
  readonly path: TcpPath
  readonly receivers: readonly Receiver[]
  readonly home: DaemonHome
  /** `notifyd run`, streaming. */
  start(env?: Readonly<Record<string, string>>): Promise<DaemonProcess>
}

export interface ProofSiteOptions {
  readonly settings?: Readonly<Record<string, string>>
  /** Where the journal is; default: in the home. */
  readonly journal?: string
}

export async function openProofSite(options: ProofSiteOptions = {}): Promise<ProofSite> {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { ...options.settings } }))
  const sql = new pg.Pool({ connectionString: postgres.superuserUrl(), max: 8 })
  sql.on('error', () => undefined)
  sql.on('connect', (client) => client.on('error', () => undefined))
  undo.defer(() => sql.end())
  const password = randomBytes(9).toString('hex')
  const client = await sql.connect()
  await createDaemonRole(client, password)
  await applyClinicalSchema(client)
  await client.query(workload)
  client.release()
  const proxy = undo.use(await TcpPath.start({ host: postgres.host, port: postgres.port }))
  const url = new URL(postgres.urlFor('notifyd', password, 'postgres'))
  url.port = String(proxy.port)
  const receivers: Receiver[] = []
  const endpoints: object[] = []
  for (const name of ['one', 'two', 'three']) {
    const secret = `whsec_${randomBytes(24).toString('base64')}`
    const receiver = undo.use(await startReceiver({ secrets: [secret] }))
    receivers.push(receiver)
    endpoints.push({ name, url: receiver.url(path), secrets: [secret] })
  }
  const journal = options.journal === undefined ? {} : { journal: { url: options.journal } }
  const home = undo.use(await makeHome({ database: { url: url.href, slot }, endpoints, ...journal }))
  const owned = undo.move()
  const start: ProofSite['start'] = async (env) => {
    const daemon = owned.use(spawnNotifyd(home, ['run'], env))
    await daemon.line('streaming', 60_000)
    return daemon
  }
  return {
    postgres,
    sql,
    path: proxy,
    receivers,
    home,
    start,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

/** Each receiver is down in its own way: it refuses, it hangs, it answers 500. */
export async function takeDown([refusing, hanging, failing]: readonly Receiver[]): Promise<void> {
  await refusing?.refuse()
  hanging?.program(path, () => ({ tag: 'hang' }))
  failing?.program(path, () => ({ tag: 'answer', status: 500 }))
}
