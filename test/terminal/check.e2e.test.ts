import { expect, test } from 'vitest'
import { openServer } from '../support/own-server.js'

test('a server whose commits wait for any standby is warned of: the daemon would be taken for one', async () => {
  await using server = await openServer({ synchronous_standby_names: '*', synchronous_commit: 'local' })
  const check = server.spawn(['check'])
  expect(await check.exited).toEqual({ status: 0, signal: null })
  expect(check.stdout).toMatch(/^! synchronous_standby_names/m)
  expect(check.stdout).toContain('every COMMIT of the application waits for notifyd')
})
