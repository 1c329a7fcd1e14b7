import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JournalError } from '../../src/base/errors.js'
import type { Lsn } from '../../src/capture/lsn.js'
import type { Appointment } from '../../src/change/captured-change.js'
import type { ComputedChange, Source } from '../../src/compute/computed-change.js'
import { webhookId } from '../../src/compute/webhook-id.js'
import type { Delivery, Settlement } from '../../src/journal/delivery.js'
import { Journal } from '../../src/journal/journal.js'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { appointment, type ChangeParts, change, source } from '../compute/changes.js'
import { quickFolder } from '../support/quick-folder.js'

const lsn = (value: bigint | number) => BigInt(value) as Lsn

async function openJournal(): Promise<
  AsyncDisposable & { journal: Journal; path: string; reopen(): Promise<Journal> }
> {
  const folder = await quickFolder()
  const path = join(folder, 'journal.db')
  let open = await Journal.open(path)
  await open.recordSlotCreated({ slot: 's', source, consistentLsn: lsn(1) })
  return {
    journal: open,
    path,
    reopen: async () => {
      open.close()
      open = await Journal.open(path)
      return open
    },
    [Symbol.asyncDispose]: async () => {
      open.close()
      await rm(folder, { recursive: true })
    },
  }
}

interface Parts extends ChangeParts {
  /** Endpoints that are owed something because of it. */
  readonly owes?: readonly string[]
  readonly from?: Source
}

function computed({ owes = ['desk'], from = source, ...parts }: Parts = {}): ComputedChange {
  const resolved = change(parts)
  const { commitLsn, ordinal } = resolved
  const notifications = owes.map((endpoint) => {
    const protocol = 'AppointmentNotification'
    const id = webhookId({ source: from, commitLsn, ordinal, protocol, endpoint, index: 0, generation: 0 })
    return {
      webhookId: id,
      protocol,
      endpoint,
      url: null,
      notification: 'created',
      headers: {},
      body: `{"n":${ordinal}}`,
    }
  })
  return { ...resolved, outcomes: [], notifications }
}

const append = (journal: Journal, changes: readonly ComputedChange[], durableLsn: Lsn | null = null, from = source) =>
  journal.append({ source: from, changes, durableLsn, lastCommit: null })

const owed = (journal: Journal, endpoint = 'desk') => journal.loadOwed(endpoint, 0, 1000).deliveries

function settlement(delivery: Delivery, tag: Settlement['tag'], retryAt = 0): Settlement {
  const attempt = {
    deliveryId: delivery.id,
    number: delivery.attempts + 1,
    startedAt: 1,
    durationMs: 2,
    status: 204,
    error: null,
  }
  if (tag === 'delivered') return { tag, delivery, attempt }
  if (tag === 'dead') return { tag, delivery, attempt, pauseUntil: null }
  return { tag, delivery, attempt, retryAt, steps: 1, triedAt: 1, pauseUntil: null }
}

const first = (deliveries: readonly Delivery[]): Delivery => {
  const [delivery] = deliveries
  if (delivery === undefined) throw new Error('nothing is owed')
  return delivery
}

describe('append', () => {
  test('is idempotent: a change that is there is skipped, with all it owes', async () => {
    await using opened = await openJournal()
    const { journal } = opened
    const changes = [0, 1, 2].map((ordinal) => computed({ ordinal }))
    await append(journal, changes.slice(0, 2), lsn(5))
    const appended = await append(journal, changes, lsn(9))
    expect([...appended.owed]).toEqual([['desk', owed(journal).slice(2)]])
    expect(owed(journal).map(({ sequence, body }) => [sequence, body])).toEqual([
      [1, '{"n":0}'],
      [2, '{"n":1}'],
      [3, '{"n":2}'],
    ])
    expect([...(await append(journal, changes, lsn(9))).owed]).toEqual([])
    expect(journal.checkpoint()?.durableLsn).toBe(9n)
  })

  test('holds the same LSN and ordinal of another timeline for another change', async () => {
    await using opened = await openJournal()
    const { journal } = opened
    const later = { ...source, timeline: 2 }
    await append(journal, [computed()])
    await append(journal, [computed({ from: later })], null, later)
    expect(owed(journal)).toHaveLength(2)
    expect(journal.known.journaled(source, lsn(0x16b3748)).map((one) => one.source)).toEqual([later, source])
  })

  test('is whole or not at all, and takes no other append with it', async () => {
    await using opened = await openJournal()
    const { journal } = opened
    // The journal refuses the second change: no number fits its ordinal's column.
    const broken = append(journal, [computed({ ordinal: 0 }), computed({ ordinal: 0.5 })], lsn(7))
    const sound = append(journal, [computed({ ordinal: 5 })], lsn(8))
    await expect(broken).rejects.toMatchObject({ code: 'ERR_SQLITE_ERROR' })
    await sound
    expect(owed(journal).map(({ sequence, body }) => [sequence, body])).toEqual([[1, '{"n":5}']])
    expect(journal.known.journaled(source, lsn(0x16b3748))).toMatchObject([{ source, lastOrdinal: 5 }])
    expect(journal.checkpoint()?.durableLsn).toBe(8n)
    // The checkpoint is part of it.
    await expect(append(journal, [computed({ ordinal: 6.5 })], lsn(99))).rejects.toThrow()
    expect(journal.checkpoint()?.durableLsn).toBe(8n)
  })

  test('numbers each endpoint’s deliveries from 1 without holes, whatever comes again', async () => {
    const batches = fc.array(fc.tuple(fc.nat(6), fc.nat(6), fc.subarray(['a', 'b', 'c'])), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(batches, async (rounds) => {
        await using opened = await openJournal()
        const { journal } = opened
        for (const [from, count, owes] of rounds) {
          await append(
            journal,
            Array.from({ length: count }, (_, at) => computed({ ordinal: from + at, owes })),
          )
        }
        for (const endpoint of ['a', 'b', 'c']) {
          const sequences = owed(journal, endpoint).map(({ sequence }) => sequence)
          expect(sequences).toEqual(sequences.map((_, at) => at + 1))
        }
        const ids = ['a', 'b', 'c'].flatMap((endpoint) => owed(journal, endpoint).map(({ webhookId: id }) => id))
        expect(new Set(ids).size).toBe(ids.length)
      }),
      { numRuns: 25 },
    )
  })

  test('is there after the file was opened again, LSNs beyond 2^53 exact', async () => {
    await using opened = await openJournal()
    const commitLsn = (1n << 62n) + 1n
    await append(opened.journal, [computed({ commitLsn })], lsn(commitLsn + 8n))
    const journal = await opened.reopen()
    expect(first(owed(journal))).toMatchObject({ commitLsn, committedAt: 1_640_000_000_123_456, attempts: 0 })
    expect(journal.checkpoint()).toMatchObject({ source, durableLsn: commitLsn + 8n, completeFromLsn: 1n })
  })
})

test('the latest image of an appointment counts, in the order of appending, also after it has left its note', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const put = (ordinal: number, parts: Partial<Appointment>) =>
    append(journal, [computed({ ordinal, appointment: { ...appointment, ...parts } })])
  await put(0, { id: '1', note_id: '26', status: 'a' })
  await put(1, { id: '2', note_id: '26' })
  await put(2, { id: '1', note_id: '26', status: 'b' })
  await put(3, { id: '2', note_id: '27' })
  const all = new Map(['26', '27', '28'].map((note) => [note, 9]))
  const found = journal.images.ofNotes(all)
  expect(found.map(({ appointment: { note_id, id, status } }) => [note_id, id, status])).toEqual([
    ['26', '1', 'b'],
    ['27', '2', 'confirmed'],
  ])
})

describe('what is owed', () => {
  test('is delivered, or waits for its retry while its lane waits with it, or is dead', async () => {
    await using opened = await openJournal()
    const { journal } = opened
    const other = { ...appointment, id: '15', externally_exposable_id: 'other' }
    await append(journal, [
      computed({ ordinal: 0 }),
      computed({ ordinal: 1 }),
      computed({ ordinal: 2, appointment: other }),
      computed({ ordinal: 3, owes: ['page'] }),
    ])
    expect(journal.endpointsOwed()).toEqual(['desk', 'page'])
    const [head, next, elsewhere] = owed(journal)
    if (head === undefined || next === undefined || elsewhere === undefined) throw new Error('three are owed')
    await journal.settle([settlement(head, 'retry', 1000)])
    expect(owed(journal).map(({ id }) => id)).toEqual([elsewhere.id])
    const waiting = { ...head, attempts: 1, wait: { until: 1000, steps: 1 } }
    expect(journal.loadDue('desk', 999, 10)).toEqual([])
    expect(journal.loadDue('desk', 1000, 10)).toEqual([waiting])
    expect(journal.nextDueAt('desk', 0)).toBe(1000)
    expect(journal.nextDueAt('desk', 1000)).toBeNull()
    expect(journal.loadLane('desk', head.lane, 10)).toEqual([{ ...head, attempts: 1 }, next])
    expect(journal.loadLane('desk', head.lane, 1)).toHaveLength(1)
    await journal.settle([settlement({ ...head, attempts: 1 }, 'delivered'), settlement(elsewhere, 'dead')])
    expect(owed(journal)).toEqual([next])
    expect(journal.loadDue('desk', 9999, 10)).toEqual([])
    expect(journal.debts()).toEqual([
      { endpoint: 'desk', owed: 1, dead: 1 },
      { endpoint: 'page', owed: 1, dead: 0 },
    ])
  })

  test('is tried before its time once its endpoint is released, and uses up no step of the schedule by it', async () => {
    await using opened = await openJournal()
    const { journal } = opened
    const lanes = ['a', 'b'].map((id) => ({ ...appointment, id, externally_exposable_id: id }))
    await append(
      journal,
      lanes.map((of, ordinal) => computed({ ordinal, appointment: of })),
    )
    for (const [at, delivery] of owed(journal).entries()) {
      await journal.settle([{ ...settlement(delivery, 'retry', 9_000_000), triedAt: 1000 + at } as Settlement])
    }
    const tried = (upTo: number) => journal.loadTried('desk', upTo, 10).map(({ lane, wait }) => [lane, wait?.until])
    expect(tried(999)).toEqual([])
    expect(tried(1000)).toEqual([['appointment a', 9_000_000]])
    expect(tried(2000)).toHaveLength(2)
    const { releasedAt, isUnanswered } = journal.waits.markOf('desk')
    expect([releasedAt, isUnanswered]).toEqual([0, false])
    await journal.waits.release('desk', 1500)
    await journal.waits.release('desk', 1200)
    expect(journal.waits.markOf('desk').releasedAt).toBe(1500)
    // An operator's word is for what he names.
    expect(await journal.waits.releaseSelected({ appointment: 'b' })).toEqual({ endpoints: ['desk'], count: 1 })
    expect(tried(0)).toEqual([['appointment b', 9_000_000]])
    expect(await journal.waits.releaseSelected({ endpoint: 'page' })).toEqual({ endpoints: [], count: 0 })
    expect(await journal.waits.releaseSelected({})).toEqual({ endpoints: ['desk'], count: 2 })
    expect(journal.waits.markOf('desk').releasedAt).toBeGreaterThan(1_700_000_000_000)
  })

  test('a replay of a dead letter ends no wait of another delivery in its lane', async () => {
    await using opened = await openJournal()
    const { journal } = opened
    await append(journal, [computed({ ordinal: 0 }), computed({ ordinal: 1 })])
    const [dead, waits] = owed(journal)
    if (dead === undefined || waits === undefined) throw new Error('two are owed')
    await journal.settle([settlement(dead, 'dead'), settlement(waits, 'retry', 1000)])
    await journal.settle([{ ...settlement(dead, 'delivered'), replayAttempt: 1 } as Settlement])
    expect(journal.loadDue('desk', 1000, 10).map(({ id }) => id)).toEqual([waits.id])
  })

  test('behind waiting lanes is passed over once, and in steps', async () => {
    await using opened = await openJournal()
    const { journal } = opened
    await append(
      journal,
      Array.from({ length: 2500 }, (_, ordinal) => computed({ ordinal })),
    )
    await journal.settle([settlement(first(owed(journal)), 'retry', 1000)])
    const other = { ...appointment, id: '15', externally_exposable_id: 'other' }
    await append(journal, [computed({ ordinal: 3000, appointment: other })])
    const slices: [number, number][] = []
    for (let cursor = 0, isMore = true; isMore; ) {
      const slice = journal.loadOwed('desk', cursor, 10)
      slices.push([slice.upTo, slice.deliveries.length])
      cursor = slice.upTo
      isMore = slice.isMore
    }
    expect(slices).toEqual([
      [1000, 0],
      [2000, 0],
      [2501, 1],
    ])
    expect(journal.loadOwed('desk', 2501, 10)).toEqual({ deliveries: [], upTo: 2501, isMore: false })
  })

  test('is read in windows, in the order in which it became owed', async () => {
    await using opened = await openJournal()
    const { journal } = opened
    await append(
      journal,
      Array.from({ length: 10 }, (_, ordinal) => computed({ ordinal })),
    )
    const window = journal.loadOwed('desk', 0, 4).deliveries
    expect(window.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4])
    expect(journal.loadOwed('desk', window.at(-1)?.id ?? 0, 100).deliveries.map(({ sequence }) => sequence)).toEqual([
      5, 6, 7, 8, 9, 10,
    ])
  })
})

test('pruning forgets what is delivered and old; never what is owed or dead, an image, or a number', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const lanes = ['a', 'b', 'c'].map((name) => ({ ...appointment, id: name, externally_exposable_id: name }))
  await append(
    journal,
    lanes.map((one, ordinal) => computed({ ordinal, appointment: one, commitLsn: BigInt(100 + ordinal) })),
    lsn(200),
  )
  const [delivered, dead] = owed(journal)
  if (delivered === undefined || dead === undefined) throw new Error('three are owed')
  await journal.settle([settlement(delivered, 'delivered'), settlement(dead, 'dead')])
  const { signal } = new AbortController()
  const older = { settled: Date.now() - 60_000, disclosed: 0, ended: 0 }
  expect(await journal.upkeep.prune(older, signal)).toEqual({ changes: 0, images: 0 })
  expect(journal.checkpoint()?.completeFromLsn).toBe(1n)
  const all = { ...older, settled: Date.now() + 60_000 }
  expect(await journal.upkeep.prune(all, signal)).toEqual({ changes: 1, images: 0 })
  expect(journal.known.journaled(source, lsn(100))).toEqual([])
  expect(journal.debts()).toEqual([{ endpoint: 'desk', owed: 1, dead: 1 }])
  expect(journal.images.ofNotes(new Map([['26', 9]]))).toHaveLength(3)
  expect(journal.checkpoint()).toMatchObject({ completeFromLsn: 101n, durableLsn: 200n })
  await append(journal, [computed({ ordinal: 9 })])
  expect(owed(journal).at(-1)?.sequence).toBe(4)
})

describe('the file', () => {
  test('is its owner’s alone, -wal and -shm too', async () => {
    const before = process.umask(0)
    try {
      await using opened = await openJournal()
      const { path } = opened
      const files = (await readdir(join(path, '..'))).filter((name) => name.startsWith('journal.db'))
      expect(files.sort()).toEqual(['journal.db', 'journal.db-shm', 'journal.db-wal'])
      const modes = () => Promise.all(files.map(async (file) => (await stat(join(path, '..', file))).mode & 0o777))
      expect(await modes()).toEqual([0o600, 0o600, 0o600])
      // as a backup that was put back may have them
      for (const file of files) await chmod(join(path, '..', file), 0o644)
      openDatabase(path).close()
      expect(await modes()).toEqual([0o600, 0o600, 0o600])
    } finally {
      process.umask(before)
    }
  })

  test('that is no journal, or a newer one, is refused', async () => {
    await using opened = await openJournal()
    const { path } = opened
    const other = `${path}.txt`
    await writeFile(other, 'this is a text and no database, long enough to have a header of its own. '.repeat(20))
    await expect(Journal.open(other)).rejects.toThrow(JournalError)
    const database = openDatabase(path)
    database.exec("INSERT INTO kysely_migration VALUES ('999-of-tomorrow', '2030-01-01')")
    database.close()
    await expect(Journal.open(path)).rejects.toThrow(/is of a newer notifyd \(it has 999-of-tomorrow\)/)
  })

  test('only appends to its disclosure log', async () => {
    await using opened = await openJournal()
    const { journal, path } = opened
    await append(journal, [computed()])
    await journal.settle(owed(journal).map((delivery) => settlement(delivery, 'delivered')))
    const database = openDatabase(path)
    expect(() => database.exec(`UPDATE disclosure SET endpoint = 'another'`)).toThrow(/only appended to/)
    database.close()
    expect(await journal.disclosures.last({}, 10)).toMatchObject([{ endpoint: 'desk', outcome: 'delivered' }])
  })

  test('has the intent to make a slot until the slot is made', async () => {
    await using opened = await openJournal()
    await opened.journal.recordSlotIntent('one')
    const journal = await opened.reopen()
    expect(journal.slotIntent()).toEqual({ slot: 'one' })
    await journal.recordSlotCreated({ slot: 'one', source, consistentLsn: lsn(77) })
    expect(journal.slotIntent()).toBeNull()
    expect(journal.checkpoint()).toMatchObject({ durableLsn: 77n, completeFromLsn: 77n, lastCommittedAt: null })
  })
})
