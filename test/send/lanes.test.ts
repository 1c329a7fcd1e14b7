// The law of the window: whatever comes, fails and is read in whichever order, each delivery is open once, in its lane's
// order, and none is forgotten. On a real journal.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import type { Delivery } from '../../src/journal/delivery.js'
import { Journal } from '../../src/journal/journal.js'
import { Lanes } from '../../src/send/lanes.js'
import { appointment, change, source } from '../compute/changes.js'

type Step =
  | { readonly tag: 'append'; readonly lanes: readonly number[] }
  | { readonly tag: 'read'; readonly limit: number }
  | { readonly tag: 'take' }
  | { readonly tag: 'settle'; readonly which: number; readonly outcome: 'delivered' | 'dead' | 'retry' }
  | { readonly tag: 'due' }
  /** A replay asks for a lane, and gives the first that it holds back. */
  | { readonly tag: 'hold'; readonly lane: number }
  | { readonly tag: 'release' }
  /** Dead letters are owed again: everything is read anew. */
  | { readonly tag: 'rewind' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ tag: fc.constant('append' as const), lanes: fc.array(fc.nat(1), { minLength: 1, maxLength: 24 }) }),
    fc.record({ tag: fc.constant('read' as const), limit: fc.integer({ min: 1, max: 30 }) }),
    fc.constant<Step>({ tag: 'take' }),
    fc.record({
      tag: fc.constant('settle' as const),
      which: fc.nat(9),
      outcome: fc.constantFrom('delivered', 'dead', 'retry'),
    }),
    fc.constant<Step>({ tag: 'due' }),
    fc.record({ tag: fc.constant('hold' as const), lane: fc.nat(1) }),
    fc.constant<Step>({ tag: 'release' }),
    fc.constant<Step>({ tag: 'rewind' }),
  ),
  { minLength: 20, maxLength: 90, size: 'max' },
)

test('each delivery is given once until it is settled, in the order of its lane, beside replays, and all are', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const folder = await mkdtemp(join(tmpdir(), 'notifyd-lanes-'))
      const journal = await Journal.open(join(folder, 'journal.db'))
      try {
        await journal.recordSlotCreated({ slot: 's', source, consistentLsn: 1n as Lsn })
        await play(journal, script)
      } finally {
        journal.close()
        await rm(folder, { recursive: true })
      }
    }),
    { numRuns: 40 },
  )
}, 60_000) // thousands of fsyncs, on whatever disk there is

test('what a lane has read on is not taken twice from the window that comes to it later', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-lanes-'))
  const journal = await Journal.open(join(folder, 'journal.db'))
  await journal.recordSlotCreated({ slot: 's', source, consistentLsn: 1n as Lsn })
  await play(journal, [
    { tag: 'append', lanes: [0] },
    { tag: 'read', limit: 5 },
    { tag: 'take' },
    { tag: 'settle', which: 0, outcome: 'retry' },
    { tag: 'append', lanes: [0, 0, 0] },
    { tag: 'due' },
    { tag: 'take' },
    { tag: 'settle', which: 0, outcome: 'delivered' },
    { tag: 'read', limit: 5 },
  ])
  journal.close()
  await rm(folder, { recursive: true })
})

async function play(journal: Journal, script: readonly Step[]): Promise<void> {
  const lanes = new Lanes()
  const open: Delivery[] = []
  const held: string[] = []
  const ended = new Map<string, number[]>()
  let cursor = 0
  let owed = 0
  const read = (limit: number) => {
    const found = journal.loadOwed('desk', cursor, limit)
    cursor = found.at(-1)?.id ?? cursor
    for (const delivery of found) lanes.add(delivery)
    return found.length
  }
  const due = () => {
    for (const delivery of journal.loadDue('desk', 1, 100)) lanes.addDue(delivery)
  }
  const take = () => {
    const delivery = lanes.take()
    if (delivery === null) return false
    expect(open.map(({ lane }) => lane)).not.toContain(delivery.lane)
    expect(held).not.toContain(delivery.lane)
    open.push(delivery)
    return true
  }
  const settle = async (which: number, outcome: 'delivered' | 'dead' | 'retry') => {
    const [delivery] = open.splice(which % Math.max(1, open.length), 1)
    if (delivery === undefined) return
    const attempt = {
      deliveryId: delivery.id,
      number: delivery.attempts + 1,
      startedAt: 0,
      durationMs: 0,
      status: 500,
      error: 'x',
    }
    if (outcome === 'retry') {
      await journal.settle([{ tag: 'retry', delivery, attempt, retryAt: 1 }])
      return lanes.waits(delivery)
    }
    await journal.settle([{ tag: outcome, delivery, attempt }])
    ended.set(delivery.lane, [...(ended.get(delivery.lane) ?? []), delivery.id])
    lanes.settled(delivery, (limit) => journal.loadLane('desk', delivery.lane, limit))
  }
  const hold = (lane: string) => {
    if (!lanes.hold(lane)) return
    expect(open.map((delivery) => delivery.lane)).not.toContain(lane)
    expect(held).not.toContain(lane)
    held.push(lane)
  }
  const release = () => {
    const lane = held.shift()
    if (lane !== undefined) lanes.release(lane)
  }
  const rewind = () => {
    lanes.forgetUnopened()
    cursor = 0
  }
  for (const step of script) {
    if (step.tag === 'append') owed = await append(journal, step.lanes, owed)
    else if (step.tag === 'read') read(step.limit)
    else if (step.tag === 'take') take()
    else if (step.tag === 'due') due()
    else if (step.tag === 'hold') hold(`appointment lane ${step.lane}`)
    else if (step.tag === 'release') release()
    else if (step.tag === 'rewind') rewind()
    else await settle(step.which, step.outcome)
  }
  while (held.length > 0) release()
  for (let idle = 0; idle < 2; ) {
    const hasRead = read(5) > 0
    due()
    const hasTaken = take()
    const hasOpen = open.length > 0
    await settle(0, 'delivered')
    idle = hasRead || hasTaken || hasOpen ? 0 : idle + 1
  }
  for (const ids of ended.values()) expect(ids).toEqual([...ids].sort((a, b) => a - b))
  const all = [...ended.values()].flat()
  expect(new Set(all).size).toBe(all.length)
  expect(all.length).toBe(owed)
  expect([lanes.size, lanes.count]).toEqual([0, 0])
  expect(journal.debts().filter((debt) => debt.owed > 0)).toEqual([])
}

async function append(journal: Journal, names: readonly number[], owed: number): Promise<number> {
  const changes = names.map((name, index) => {
    const ordinal = owed + index
    const one = change({
      ordinal,
      appointment: { ...appointment, id: String(name), externally_exposable_id: `lane ${name}` },
    })
    const notification = {
      protocol: 'P',
      endpoint: 'desk',
      url: null,
      notification: 'created',
      headers: {},
      body: '{}',
    }
    return { ...one, outcomes: [], notifications: [{ ...notification, webhookId: `msg_${ordinal}` }] }
  })
  await journal.append({ source, changes, durableLsn: null, lastCommit: null })
  return owed + names.length
}
