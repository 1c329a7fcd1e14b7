// A new timeline of the server: gone on with where nothing can be missing, halted at where something is.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { backUp, promote, putBack } from '../../testbed/history.js'
import { startPostgres } from '../../testbed/postgres.js'
import { startReceiver } from '../../testbed/receiver.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { path, seenCount } from '../support/site.js'

/** A server of its own, because all of it is stopped. */
async function openServer() {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { fsync: 'off' } }))
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
  const spawn = () => owned.use(spawnNotifyd(home))
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
  return { postgres, receiver, spawn, book, deliver, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() }
}

test('a promotion that took all of the WAL with it is gone on with', async () => {
  await using server = await openServer()
  const { postgres, book, deliver } = server
  await deliver(0)
  await book(1)
  await deliver(1)
  // Committed before the promotion, and not yet seen.
  await book(2)
  await postgres.stop('fast')
  await promote(postgres)
  await postgres.start()
  await book(3)
  const daemon = await deliver(3)
  expect(daemon.lines.map(({ msg }) => msg)).toContain('the server was promoted; nothing is missing')
  expect(server.receiver.faults).toEqual([])
  const again = await deliver(3)
  expect(again.lines.map(({ msg }) => msg)).not.toContain('the server was promoted; nothing is missing')
})

test('a backup that was put back and promoted lacks what the journal has seen: a gap', async () => {
  await using server = await openServer()
  const { postgres, book, deliver } = server
  await deliver(0)
  await postgres.stop('fast')
  await backUp(postgres)
  await postgres.start()
  await book(1)
  await deliver(1)
  await postgres.stop('fast')
  await putBack(postgres)
  await promote(postgres)
  await postgres.start()
  await book(2)
  const daemon = server.spawn()
  expect(await daemon.exited).toEqual({ status: 4, signal: null })
  expect(daemon.stderr).toContain('timeline')
  expect(daemon.stderr).toContain('notifyd gaps accept')
  expect(seenCount(server.receiver)).toBe(1)
})
