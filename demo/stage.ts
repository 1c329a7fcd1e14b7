// What the demo and the bench share: a clinic's database on its own PostgreSQL, a receiver, and a config that joins them.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { applyClinicalSchema, createDaemonRole, daemonRole } from '../testbed/clinical-schema.js'
import { startPostgres, type TestPostgres } from '../testbed/postgres.js'
import { type Receiver, startReceiver } from '../testbed/receiver.js'
import { UndoStack } from '../testbed/undo-stack.js'

export interface Stage extends AsyncDisposable {
  readonly postgres: TestPostgres
  readonly receiver: Receiver
  /** The application's connection: the clinic works through it. */
  readonly client: pg.Client
  readonly config: Readonly<Record<string, unknown>>
}

export const schedulingPath = '/appointments'
export const frontDeskPath = '/front-desk'

export async function setTheStage(): Promise<Stage> {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres())
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const receiver = undo.use(await startReceiver({ secrets: [secret] }))
  await postgres.createDatabase('clinic')
  const client = new pg.Client(postgres.superuserUrl('clinic'))
  await client.connect()
  undo.defer(() => client.end())
  const password = randomBytes(12).toString('hex')
  await createDaemonRole(client, password)
  await applyClinicalSchema(client)
  const address = new URL(postgres.superuserUrl('clinic'))
  address.username = daemonRole
  address.password = password
  const config = {
    database: { url: address.href },
    endpoints: [
      { name: 'scheduling', url: receiver.url(schedulingPath), secrets: [secret] },
      { name: 'front-desk', url: receiver.url(frontDeskPath), secrets: [secret], notifications: [] },
    ],
    protocols: [fileURLToPath(new URL('./protocols/no-show-pager.ts', import.meta.url))],
  }
  const owned = undo.move()
  return { postgres, receiver, client, config, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() }
}
