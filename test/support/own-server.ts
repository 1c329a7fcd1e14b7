// A site on a PostgreSQL of its own, for tests that stop, promote or starve the whole server.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { Clinic } from '../../testbed/clinic.js'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { startPostgres } from '../../testbed/postgres.js'
import { startReceiver } from '../../testbed/receiver.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { path, seenCount } from './site.js'

/** @param settings of the server */
export async function openServer(settings: Readonly<Record<string, string>> = {}) {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { fsync: 'off', ...settings } }))
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const receiver = undo.use(await startReceiver({ secrets: [secret] }))
  const home = undo.use(
    await makeHome({
      database: { url: postgres.superuserUrl() },
      endpoints: [{ name: 'scheduling', url: receiver.url(path), secrets: [secret] }],
    }),
  )
  const owned = undo.move()
  const onServer = async (work: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client(postgres.superuserUrl())
    await client.connect()
    await work(client)
    await client.end()
  }
  const spawn = (args?: readonly string[], env?: Readonly<Record<string, string>>) =>
    owned.use(spawnNotifyd(home, args, env))
  const book = (seed: number) => onServer((client) => new Clinic(client, { seed }).book({ patient: null }))
  /** A daemon's life: until it has delivered as much. */
  const deliver = async (count: number) => {
    const daemon = spawn()
    await daemon.line('streaming')
    await receiver.until(() => seenCount(receiver) === count)
    await daemon.stop()
    return daemon
  }
  await onServer((client) => applyClinicalSchema(client, ['schema', 'publication']))
  return {
    postgres,
    receiver,
    onServer,
    spawn,
    book,
    deliver,
    configure: home.configure,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}
