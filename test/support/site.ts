// A clinic's site for a test of the built daemon: its own database, a receiver that trusts nobody, a home for the config
// and the journal. Daemons started here end with it.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { type DaemonHome, type DaemonProcess, makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { type Due, payloadOf } from '../../testbed/due.js'
import { type Receiver, startReceiver } from '../../testbed/receiver.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './database.js'

export interface Site extends AsyncDisposable {
  readonly database: TestDatabase
  readonly receiver: Receiver
  /** The application's connection. */
  readonly client: pg.Client
  readonly home: DaemonHome
  readonly config: Readonly<Record<string, unknown>>
  /** Another config for daemons that start from now on. */
  configure(config: Readonly<Record<string, unknown>>): Promise<void>
  /** `notifyd run`, streaming. */
  start(): Promise<DaemonProcess>
  spawn(args?: readonly string[], env?: Readonly<Record<string, string>>): DaemonProcess
  /** SIGTERM to every process that was started here and still runs. */
  stopAll(): Promise<void>
}

export const path = '/appointments'

/** Retries soon, so that no test waits for the default schedule. */
export const quickRetries = { retry_seconds: Array.from({ length: 50 }, () => 0.2) }

export interface SiteOptions extends TestDatabaseOptions {
  readonly endpoint?: Readonly<Record<string, unknown>>
  readonly config?: Readonly<Record<string, unknown>>
}

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  await using undo = new UndoStack()
  const database = undo.use(await createTestDatabase(options))
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const receiver = undo.use(await startReceiver({ secrets: [secret] }))
  const client = new pg.Client(database.superuserUrl)
  client.on('error', () => undefined)
  await client.connect()
  undo.defer(() => client.end())
  const config = {
    database: { url: database.url, slot: database.slot },
    endpoints: [{ name: 'scheduling', url: receiver.url(path), secrets: [secret], ...options.endpoint }],
    ...options.config,
  }
  const home = undo.use(await makeHome(config))
  const owned = undo.move()
  const started: DaemonProcess[] = []
  const spawn: Site['spawn'] = (args, env) => {
    const daemon = owned.use(spawnNotifyd(home, args, env))
    started.push(daemon)
    return daemon
  }
  const stopAll = async () => {
    await Promise.all(started.map((daemon) => daemon.stop()))
  }
  const start = async () => {
    const daemon = spawn()
    await daemon.line('streaming')
    return daemon
  }
  return {
    database,
    receiver,
    client,
    home,
    config,
    configure: home.configure,
    start,
    spawn,
    stopAll,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

/** Bodies as text, first deliveries only, by appointment, in order: what a receiver that remembers ids has seen. */
export function seenBodies(receiver: Receiver): ReadonlyMap<string, readonly string[]> {
  const ids = new Set<string>()
  const bodies = new Map<string, string[]>()
  for (const post of receiver.delivered) {
    if (post.webhookId === null || ids.has(post.webhookId)) continue
    ids.add(post.webhookId)
    const lane = post.appointmentExternalId ?? ''
    bodies.set(lane, [...(bodies.get(lane) ?? []), post.rawBody.toString()])
  }
  return bodies
}

/** The same for what was due. */
export function dueBodies(due: readonly Due[]): ReadonlyMap<string, readonly string[]> {
  const bodies = new Map<string, string[]>()
  for (const one of due) {
    const lane = one.appointment_external_id
    bodies.set(lane, [...(bodies.get(lane) ?? []), JSON.stringify(payloadOf(one))])
  }
  return bodies
}

/** Distinct notifications that were delivered. */
export const seenCount = (receiver: Receiver): number =>
  new Set(receiver.delivered.map(({ webhookId }) => webhookId)).size
