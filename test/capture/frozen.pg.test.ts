// A network that freezes while something is asked: nothing waits for an answer that never comes.
import { expect, test } from 'vitest'
import { openControl } from '../../src/capture/control.js'
import type { Lsn } from '../../src/capture/lsn.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { TcpPath } from '../../testbed/tcp-path.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'

const limits = { answerMs: 200 }
const events = { data: () => undefined, keepalive: () => undefined, ended: () => undefined }

/** The database at the end of a path that can freeze. */
async function behindPath(database: TestDatabase) {
  const url = new URL(database.url)
  const path = await TcpPath.start({ host: url.hostname, port: Number(url.port) })
  url.port = String(path.port)
  return { path, address: { url: url.href, tls: null } }
}

test('a look at the catalogs that gets no answer fails when the connection is closed', async () => {
  await using database = await createTestDatabase()
  const { path, address } = await behindPath(database)
  await using _path = path
  const control = openControl(address, () => undefined)
  await control.query('SELECT 1')
  path.freezeAt('SELECT 2')
  const looking = expect(control.query('SELECT 2')).rejects.toThrow()
  await path.frozen
  await control.close()
  await looking
})

test.each(['IDENTIFY_SYSTEM', 'START_REPLICATION'])('%s that gets no answer ends the connection', async (command) => {
  await using database = await createTestDatabase()
  await database.query('SELECT pg_create_logical_replication_slot($1, $2)', [database.slot, 'pgoutput'])
  const { path, address } = await behindPath(database)
  await using _path = path
  const stream = await ReplicationStream.connect(address, limits)
  path.freezeAt(command)
  const starting = async () => {
    await stream.identify()
    await stream.start(database.slot, 'notifyd', 0n as Lsn, events)
  }
  await expect(starting()).rejects.toThrow()
  await stream.close()
})
