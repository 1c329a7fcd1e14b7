// `replay` and `tail` by time and by one: which commits a time takes in, and what is refused with its reason.
import { expect, test } from 'vitest'
import type { Journal } from '../../src/journal/journal.js'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { small } from '../support/config.js'
import { journaled, openJournalHome } from '../support/journal-home.js'
import { disclosureShape, dryRunShape, linesOf } from './shapes.js'

const now = Date.now()
const hoursAgo = (hours: number) => now - hours * 3_600_000
const iso = (ms: number) => new Date(ms).toISOString()

/** Delivered ones, an attempt of each sent a minute after its commit; the last is still owed. */
async function deliver(journal: Journal): Promise<void> {
  const owed = journal.loadOwed('desk', 0, 10).deliveries.slice(0, -1)
  const settlements = owed.map((delivery) => {
    const startedAt = Number(delivery.committedAt) / 1000 + 60_000
    const attempt = { deliveryId: delivery.id, number: 1, startedAt, durationMs: 2, status: 204, error: null }
    return { tag: 'delivered' as const, delivery, attempt }
  })
  await journal.settle(settlements)
}

test('a time takes in what was committed from then on, and up to then', async () => {
  // Times go back a little between two commits, as PostgreSQL's do.
  const times = [hoursAgo(5), hoursAgo(3), hoursAgo(3) - 5, hoursAgo(1), hoursAgo(0.5)]
  const changes = times.map((ms, index) =>
    journaled({ commitLsn: 0x100n * BigInt(index + 1), committedAt: ms * 1000, owes: [{ endpoint: 'desk' }] }),
  )
  await using home = await openJournalHome(small, changes)
  await home.write(deliver)
  const journal = openDatabase(home.journalFile)
  journal.exec(`UPDATE checkpoint SET complete_from_at = ${Math.round(hoursAgo(6))}`)
  journal.close()

  const wouldSend = async (...args: string[]) => {
    const { status, out, err } = await home.here('replay', ...args, '--dry-run', '--json')
    return status === 0 ? dryRunShape.parse(JSON.parse(out)).map(({ lsn }) => lsn) : [status, err]
  }
  expect(await wouldSend('--from', '4h')).toEqual(['0/200', '0/300', '0/400'])
  expect(await wouldSend('--from', iso(hoursAgo(3)))).toEqual(['0/200', '0/300', '0/400'])
  expect(await wouldSend('--from', iso(hoursAgo(3) + 1), '--to', '0/400')).toEqual(['0/400'])
  expect(await wouldSend('--from', '0/100', '--to', iso(hoursAgo(3) - 5))).toEqual(['0/100', '0/200', '0/300'])
  expect(await wouldSend('--from', '50m', '--to', '40m')).toEqual([])
  expect(await wouldSend('--from', '1s')).toEqual([])
  expect(await wouldSend('--from', '1h', '--to', '2h')).toEqual([2, expect.stringContaining('--to lies before --from')])
  expect(await wouldSend('--from', iso(now + 1e9))).toEqual([2, expect.stringContaining('in the future')])
  expect(await wouldSend('--from', '7h')).toEqual([
    2,
    expect.stringContaining(`the journal is whole from ${iso(Math.round(hoursAgo(6)))} (0/1) on`),
  ])

  const tailed = async (...args: string[]) =>
    linesOf(disclosureShape, (await home.here('tail', '--json', ...args)).out).map(({ lsn }) => lsn)
  expect(await tailed('--from', '4h')).toEqual(['0/200', '0/300', '0/400'])
  expect(await tailed('--from', '4h', '--to', '2h')).toEqual(['0/200', '0/300'])
  expect(await tailed('--from', '0/200', '--to', '0/300')).toEqual(['0/200', '0/300'])
  expect(await tailed('--to', iso(hoursAgo(4)))).toEqual(['0/100'])

  const ids = changes.map(({ notifications }) => notifications[0]?.webhookId ?? '')
  expect(await wouldSend(ids[1] ?? '')).toEqual(['0/200'])
  expect(await wouldSend(ids[4] ?? '')).toEqual([2, expect.stringContaining('is still owed: notifyd retry')])
  expect(await wouldSend('msg_none')).toEqual([2, expect.stringContaining('the journal has none of that id')])
  expect(await wouldSend(ids[1] ?? '', '--from', '2h')).toEqual([2, expect.stringContaining('no range and no filter')])
  expect(await wouldSend()).toEqual([2, expect.stringContaining('give --from, an LSN or a time')])
})
