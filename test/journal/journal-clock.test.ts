// The clock that waits are kept by, on a real journal, while the system's clock is set.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { Journal } from '../../src/journal/journal.js'
import { append, owing } from './opened.js'

afterEach(() => {
  vi.useRealTimers()
})

const hour = 3_600_000

/** Only what `Date` says: the process's own clock goes on, as it does when a system's clock is set. */
const setBy = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

async function opened() {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-clock-'))
  let journal = await Journal.open(join(folder, 'journal.db'))
  return {
    journal: () => journal,
    reopen: async () => {
      journal.close()
      journal = await Journal.open(join(folder, 'journal.db'))
      return journal
    },
    [Symbol.asyncDispose]: async () => {
      journal.close()
      await rm(folder, { recursive: true })
    },
  }
}

test('goes on while the system’s clock is set back, and behind a start after that', async () => {
  await using all = await opened()
  const before = all.journal().waits.now()
  setBy(-hour)
  expect(all.journal().waits.now() - before).toBeLessThan(hour / 2)
  await all.journal().waits.noteClock()
  const again = await all.reopen()
  const passed = again.waits.now() - before
  expect([passed >= 0, passed < hour / 2]).toEqual([true, true])
  // Put right again, nothing is ahead any more.
  setBy(hour)
  await again.waits.noteClock()
  const right = (await all.reopen()).waits.now()
  expect(Math.abs(right - before)).toBeLessThan(hour / 2)
})

test('never goes back behind what it has noted, though nobody saw the system’s clock being set', async () => {
  await using all = await opened()
  const noted = all.journal().waits.now()
  await all.journal().waits.release('desk', noted)
  setBy(-hour)
  const passed = (await all.reopen()).waits.now() - noted
  expect([passed >= 0, passed < hour / 2]).toEqual([true, true])
})

test('never goes back behind the last attempt of what waits', async () => {
  await using all = await opened()
  const tried = Math.ceil(all.journal().waits.now())
  await append(all.journal(), [owing()])
  const [delivery] = all.journal().loadOwed('desk', 0, 1).deliveries
  if (delivery === undefined) throw new Error('nothing is owed')
  const attempt = { deliveryId: delivery.id, number: 1, startedAt: 1, durationMs: 2, status: null, error: 'timeout' }
  const retry = { tag: 'retry', delivery, attempt, retryAt: tried + hour, steps: 1, triedAt: tried } as const
  await all.journal().settle([{ ...retry, pauseUntil: null }])
  setBy(-hour)
  const passed = (await all.reopen()).waits.now() - tried
  expect([passed >= 0, passed < hour / 2]).toEqual([true, true])
})

test('set back and put right again in one life, nothing is ahead in the next', async () => {
  await using all = await opened()
  const before = all.journal().waits.now()
  for (const ms of [-hour, hour]) {
    setBy(ms)
    await all.journal().waits.noteClock()
  }
  expect((await all.reopen()).waits.now() - before).toBeLessThan(hour / 2)
})

test('follows the system’s clock forward at a start: a machine that slept makes nothing wait for longer', async () => {
  await using all = await opened()
  const before = all.journal().waits.now()
  setBy(hour)
  await all.journal().waits.noteClock()
  expect((await all.reopen()).waits.now() - before).toBeGreaterThanOrEqual(hour)
})
