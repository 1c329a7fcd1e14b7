import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Lsn, toLsn } from '../../src/capture/lsn.js'
import type { ComputedChange, Source } from '../../src/compute/computed-change.js'
import { Journal } from '../../src/journal/journal.js'
import { JournaledTransactions, type Lineage, nextName } from '../../src/journal/lineage.js'
import { runsOf } from '../../src/journal/runs.js'
import { change } from '../compute/changes.js'
import { quickFolder } from '../support/quick-folder.js'

const lsn = (value: number): Lsn => toLsn(BigInt(value))
const first: Source = { systemIdentifier: '7', timeline: 1 }
/** Promoted at 150. */
const lineage: Lineage = { systemIdentifier: '7', timeline: 2, left: [{ timeline: 1, switchLsn: lsn(150) }] }

async function openJournal(): Promise<AsyncDisposable & { readonly journal: Journal }> {
  const folder = await quickFolder()
  const journal = await Journal.open(join(folder, 'journal.db'))
  await journal.recordSlotCreated({ slot: 's', source: first, consistentLsn: lsn(1) })
  return {
    journal,
    [Symbol.asyncDispose]: async () => {
      journal.close()
      await rm(folder, { recursive: true })
    },
  }
}

const changeAt = (commitLsn: number, ordinal: number): ComputedChange => ({
  ...change({ ordinal }),
  commitLsn: lsn(commitLsn),
  committedAt: commitLsn,
  outcomes: [],
  notifications: [],
})

const piece = (commitLsn: number, committedAt = commitLsn) => ({
  commitLsn: lsn(commitLsn),
  committedAt,
  changes: [],
  rows: 1,
  endLsn: lsn(commitLsn + 5),
})

const appended = (journal: Journal, source: Source, changes: readonly ComputedChange[]) =>
  journal.append({ source, changes, durableLsn: null, lastCommit: null })

test('a transaction is of the timeline that wrote its commit, whatever the server is on by now', async () => {
  await using opened = await openJournal()
  const transactions = new JournaledTransactions(opened.journal.known, lineage)
  expect([100, 149, 150].map((at) => transactions.told(piece(at)).source.timeline)).toEqual([1, 1, 2])
})

test('what an older version began to journal under the server’s timeline keeps that one to its end', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const older = { ...first, timeline: 2 }
  await appended(journal, older, [changeAt(100, 0), changeAt(100, 4)])
  const transactions = new JournaledTransactions(journal.known, lineage)
  expect(transactions.told(piece(100))).toMatchObject({ source: older, lastOrdinal: 4 })
  expect(transactions.told(piece(100))).toMatchObject({ source: older, lastOrdinal: 4 })
  expect(transactions.told(piece(120))).toMatchObject({ source: first, lastOrdinal: -1 })
})

test('what was journaled under one name is known, though another one ends before it', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  await appended(journal, first, [changeAt(200, 0)])
  await appended(journal, { ...first, timeline: 2 }, [changeAt(100, 0)])
  expect(journal.known.lastJournaledLsn(first)).toBe(200n)
  expect(new JournaledTransactions(journal.known, lineage).told(piece(200))).toMatchObject({
    source: first,
    lastOrdinal: 0,
  })
})

test('a server that is set back again and again gives an LSN a third time: each has an identity of its own', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  await appended(journal, first, [changeAt(100, 0)])
  await appended(journal, { ...first, systemIdentifier: '7+1' }, [{ ...changeAt(100, 0), committedAt: 101 }])
  const third = new JournaledTransactions(journal.known, lineage)
  expect(third.told(piece(100, 102))).toMatchObject({
    source: { ...first, systemIdentifier: '7+2' },
    lastOrdinal: -1,
  })
})

test('behind a gap that begins early, what was told keeps its source, and another transaction at its LSN gets a new one', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  await appended(journal, first, [changeAt(100, 0), changeAt(110, 1), changeAt(120, 0)])
  const restored = { ...lineage, systemIdentifier: nextName('7') }
  const transactions = new JournaledTransactions(journal.known, restored)
  expect(transactions.told(piece(100))).toMatchObject({ source: first, lastOrdinal: 0 })
  expect(transactions.told(piece(105))).toMatchObject({
    source: { ...first, systemIdentifier: '7+1' },
    lastOrdinal: -1,
  })
  expect(transactions.told(piece(110))).toMatchObject({ source: first, lastOrdinal: 1 })
  // Nothing named the server's history anew: an identity is not given twice all the same.
  const unnamed = new JournaledTransactions(journal.known, lineage)
  expect(unnamed.told(piece(120, 121))).toMatchObject({
    source: { ...first, systemIdentifier: '7+1' },
    lastOrdinal: -1,
  })
  expect(nextName('7+1')).toBe('7+2')
})

test('a batch over a switchpoint is two runs, and the checkpoint passes both at once', async () => {
  await using opened = await openJournal()
  const transactions = new JournaledTransactions(opened.journal.known, lineage)
  const commits = [140, 160].map((at) => ({ lsn: lsn(at), at, endLsn: lsn(at + 5) }))
  const open = { ...piece(180), endLsn: null }
  const batch = { pieces: [piece(140), piece(160), open], commits, checkpointLsn: lsn(165) }
  const runs = runsOf(batch, lineage, transactions)
  expect(runs.map(({ source, pieces, durableLsn }) => [source.timeline, pieces.length, durableLsn])).toEqual([
    [1, 1, null],
    [2, 2, 165n],
  ])
  expect(runs.map(({ progress }) => progress)).toEqual([
    null,
    { reached: { source: { ...first, timeline: 2 }, timelineBegan: 150n }, commits, open: { lsn: 180n, at: 180 } },
  ])
  const idle = runsOf({ pieces: [], commits: [], checkpointLsn: lsn(150) }, lineage, transactions)
  expect(idle).toMatchObject([{ source: first, pieces: [], progress: { open: null, reached: { timelineBegan: 0n } } }])
  expect(runsOf({ pieces: [], commits: [], checkpointLsn: null }, lineage, transactions)).toEqual([])
})

test('commits are remembered with the checkpoint that passes them, so many and no more, and where it began is known', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const remember = (from: number, count: number) => {
    const commits = Array.from({ length: count }, (_, i) => ({
      lsn: lsn(from + i),
      at: from + i,
      endLsn: lsn(from + i),
    }))
    const progress = { reached: { source: first, timelineBegan: lsn(0) }, commits, open: { lsn: lsn(999_999), at: 3 } }
    return journal.append({ source: first, changes: [], durableLsn: lsn(from + count), lastCommit: null, progress })
  }
  await remember(10, 2)
  await remember(20, 1)
  const pairs = (from: number) =>
    journal.known.remembered(lsn(from)).commits.map((commit) => [Number(commit.lsn), commit.at])
  expect(pairs(11)).toEqual([
    [11, 11],
    [20, 20],
  ])
  expect(journal.known.remembered(lsn(1))).toMatchObject({ from: 1n, open: { lsn: 999_999n, at: 3 } })
  expect(journal.checkpoint()).toMatchObject({ source: first, timelineBegan: 0n, durableLsn: 21n })
  for (let from = 100; from < 210_000; from += 10_000) await remember(from, 10_000)
  const kept = journal.known.remembered(lsn(1))
  expect(kept.commits).toHaveLength(100_000)
  expect(kept.from).toBe(kept.commits[0]?.lsn)
  await journal.recordSlotCreated({ slot: 's', source: first, consistentLsn: lsn(5) })
  expect(journal.known.remembered(lsn(1))).toEqual({ from: 5n, commits: [], open: null })
})
