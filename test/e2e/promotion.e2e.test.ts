// A new timeline of the server: gone on with where nothing can be missing, halted at where something is.
import { expect, test } from 'vitest'
import { backUp, promote, putBack } from '../../testbed/history.js'
import { openServer } from '../support/own-server.js'
import { seenCount } from '../support/site.js'

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
