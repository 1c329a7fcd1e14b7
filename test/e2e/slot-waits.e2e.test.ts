// The first start beside a forgotten prepared transaction: the slot cannot be made, and who holds it up is said, until it is gone.
import { expect, test } from 'vitest'
import { openServer } from '../support/own-server.js'

test('a forgotten prepared transaction is named by the log, check and status; gone, the daemon streams', async () => {
  await using server = await openServer()
  await server.onServer((client) => client.query(`BEGIN; CREATE TABLE t (i int); PREPARE TRANSACTION 'forgotten'`))
  const daemon = server.spawn()
  const check = server.spawn(['check'])
  await check.exited
  const named = /making the slot waits for prepared transaction "forgotten" of database postgres, \d+ s old/
  expect(check.stdout).toMatch(named)
  const line = await daemon.line((one) => one['holders'] !== undefined, 20_000)
  expect(line['holders']).toEqual([expect.stringContaining('prepared transaction "forgotten" of database postgres')])
  const status = server.spawn(['status'])
  await status.exited
  expect(status.stdout).toMatch(named)
  expect(status.stdout).toMatch(/^slot notifyd +being made, nothing streams from it yet/m)
  await server.onServer((client) => client.query(`ROLLBACK PREPARED 'forgotten'`))
  await daemon.line('streaming', 20_000)
})
