// Gaps of rows in the journal: who is told when they are accepted, and how often.
import { expect, test } from 'vitest'
import { ask } from '../../src/terminal/ask.js'
import { change } from '../compute/changes.js'
import { append, lsn, openJournal } from './opened.js'

test('accepted while no daemon runs, they owe one notice to each endpoint that asked, and none the next time', async () => {
  await using opened = await openJournal()
  const { journal, path } = opened
  const blind = (commitLsn: number) => ({
    ...change({ operation: 'update', withoutOldImage: true, commitLsn: BigInt(commitLsn), id: 14 }),
    outcomes: [],
    notifications: [],
  })
  await append(journal, [blind(256), blind(512)], lsn(600))
  const accept = () => ask(path, { kind: 'gaps accept', arguments: { rowsUpTo: 1_000 } }, new Set(), ['desk'])
  expect(await accept()).toEqual({ done: 2 })
  expect(await accept()).toEqual({ done: 0 })
  const { deliveries } = journal.loadOwed('desk', 0, 10)
  expect(deliveries).toMatchObject([{ notification: 'gap', sequence: null, url: null }])
  expect(JSON.parse(deliveries[0]?.body ?? '')).toMatchObject({
    gap: true,
    from_lsn: '0/100',
    to_lsn: '0/200',
    rows: 2,
  })

  await append(journal, [blind(1024)], lsn(2000))
  await accept()
  expect(journal.loadOwed('desk', 0, 10).deliveries).toHaveLength(2)
})
