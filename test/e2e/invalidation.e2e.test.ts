// The server may take the slot away from a daemon that is connected (max_slot_wal_keep_size): a gap, told from a restart.
import { expect, test } from 'vitest'
import { openServer } from '../support/own-server.js'
import { seenCount } from '../support/site.js'
import { gapsShape } from '../terminal/shapes.js'

test('a slot that is invalidated while it is followed is a gap; a server that restarts is none', async () => {
  await using server = await openServer({ max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '32MB' })
  const { postgres, onServer, book } = server
  const daemon = server.spawn(['run', '--halt-on-gap'])
  await daemon.line('streaming')
  await postgres.stop('fast')
  await postgres.start()
  await daemon.line('streaming', 20_000, daemon.lines.findIndex(({ msg }) => msg === 'streaming') + 1)
  await book(1)
  await server.receiver.until(() => seenCount(server.receiver) === 1)

  // It stands still, and the server runs out of patience.
  daemon.kill('SIGSTOP')
  await onServer(async (client) => {
    for (let segment = 0; segment < 5; segment += 1) {
      await client.query(
        "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000000)) FROM generate_series(1, 8)",
      )
      await client.query('SELECT pg_switch_wal()')
    }
    await client.query('CHECKPOINT')
  })
  daemon.kill('SIGCONT')
  expect((await daemon.exited).status).toBe(4)
  expect(daemon.stderr).toContain('gap on slot "notifyd"')
  expect(daemon.stderr).toMatch(/the slot (is|was) lost|invalidated/)

  // Its size is that of what was written, however little of it the slot had confirmed.
  const listing = server.spawn(['gaps', 'list', '--json'])
  await listing.exited
  const [gap] = gapsShape.parse(JSON.parse(listing.stdout))
  expect(gap?.bytes).toBeGreaterThan(40_000_000)
})
