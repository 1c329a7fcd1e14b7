// A new timeline of the server: gone on with where nothing can be missing, halted at where something is. Ids are of the
// timeline that wrote the commit, so that nothing is told twice for being decoded on both sides of a promotion.
import { expect, test } from 'vitest'
import { backUp, promote, putBack } from '../../testbed/history.js'
import type { Receiver } from '../../testbed/receiver.js'
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

/** 1,500 appointments in one transaction: three pieces. */
const bookMany = `
  INSERT INTO appointment (provider_id, start_time, duration_minutes)
  SELECT 1, '2026-12-01 09:00Z'::timestamptz + i * interval '1 minute', 20 FROM generate_series(1, 1500) i`

const appointmentsOf = ({ delivered }: Receiver) =>
  new Set(delivered.map(({ appointmentExternalId }) => appointmentExternalId)).size

test('a daemon killed in the midst of a large transaction, and a promotion then, tell none of it twice', async () => {
  await using server = await openServer()
  const { postgres, receiver, onServer, book } = server
  await server.deliver(0)
  await onServer((client) => client.query(bookMany))
  // Two of three pieces are in the journal, and the slot was told of none.
  const daemon = server.spawn(undefined, { NOTIFYD_FAILPOINT: 'before append:3' })
  expect(await daemon.exited).toMatchObject({ signal: 'SIGKILL' })
  await postgres.stop('fast')
  await promote(postgres)
  await postgres.start()
  await book(1)
  await using next = server.spawn()
  // The last one is among them: had anything been told twice, it would have been before that.
  await receiver.until((all) => appointmentsOf(all) === 1501, 20_000)
  await next.stop()
  expect(seenCount(receiver)).toBe(1501)
  expect(receiver.faults).toEqual([])
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
  const daemon = server.spawn(['run', '--halt-on-gap'])
  expect(await daemon.exited).toEqual({ status: 4, signal: null })
  expect(daemon.stderr).toContain('timeline')
  expect(daemon.stderr).toContain('notifyd gaps accept')
  expect(seenCount(server.receiver)).toBe(1)
})
