// The deliverer on a real journal, posting to a real receiver.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { CompiledQuery } from 'kysely'
import { pino } from 'pino'
import { describe, expect, test, vi } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import { webhookId } from '../../src/compute/webhook-id.js'
import { carryOut } from '../../src/journal/carry-out.js'
import { Journal } from '../../src/journal/journal.js'
import { Deliverer } from '../../src/send/deliver.js'
import { type Endpoint, unconfiguredEndpoint } from '../../src/send/endpoint.js'
import type { ProbeIntervals } from '../../src/send/probe.js'
import { accept, answer, type Behaviour } from '../../testbed/behaviour.js'
import { type Receiver, startReceiver } from '../../testbed/receiver.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { appointment, change, source } from '../compute/changes.js'
import { until } from '../support/condition.js'
import { quickFolder } from '../support/quick-folder.js'

async function desk(probeMs: ProbeIntervals = { firstMs: 20, maxMs: 100 }) {
  await using undo = new UndoStack()
  const folder = await quickFolder()
  undo.defer(() => rm(folder, { recursive: true }))
  const journal = await Journal.open(join(folder, 'journal.db'))
  await journal.recordSlotCreated({ slot: 's', source, consistentLsn: 1n as Lsn })
  undo.defer(() => journal.close())
  const receiver = undo.use(await startReceiver())
  const lines: Readonly<Record<string, unknown>>[] = []
  const log = pino(
    { level: 'trace', base: null, formatters: { level: (label) => ({ level: label }) } },
    new Writable({
      write: (line, _, done) => {
        lines.push(JSON.parse(String(line)))
        done()
      },
    }),
  )
  let ordinal = 0
  /** Owes one notification for each lane that is named. */
  const owe = async (lanes: readonly string[], endpoint = 'desk', url: string | null = null) => {
    const changes = lanes.map((lane) => {
      ordinal += 1
      const one = change({ ordinal, appointment: { ...appointment, id: lane, externally_exposable_id: lane } })
      const identity = { source, commitLsn: one.commitLsn, ordinal, protocol: 'P', endpoint, index: 0, generation: 0 }
      const body = JSON.stringify({ appointment_external_id: lane })
      const owed = {
        webhookId: webhookId(identity),
        protocol: 'P',
        endpoint,
        url,
        notification: 'created',
        headers: {},
        body,
      }
      return { ...one, outcomes: [], notifications: [owed] }
    })
    await journal.append({ source, changes, durableLsn: null, lastCommit: null })
  }
  const deliverers: Deliverer[] = []
  undo.defer(() => Promise.all(deliverers.map((deliverer) => deliverer.stop(0))))
  const deliverer = (...endpoints: Partial<Endpoint>[]) => {
    const made = new Deliverer({
      journal,
      endpoints: endpoints.map((given) => ({ ...endpointTo(receiver, '/desk'), ...given })),
      policy: { allowHttp: false, allowHosts: [], allowCidrs: [] },
      probeMs,
      userAgent: 'notifyd/test',
      log,
      settled: () => undefined,
    })
    deliverers.push(made)
    made.start()
    return made
  }
  const owned = undo.move()
  return { journal, receiver, lines, owe, deliverer, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() }
}

const endpointTo = (receiver: Receiver, path: string): Endpoint => ({
  ...unconfiguredEndpoint(receiver.url(path)),
  name: 'desk',
  url: receiver.url(path),
  timeoutMs: 5_000,
  retrySeconds: Array.from({ length: 40 }, () => 0.05),
})

const lanes = (count: number, prefix = 'lane') => Array.from({ length: count }, (_, at) => `${prefix}-${at}`)
const nothingOwed = (journal: Journal) => until(() => journal.debts().every(({ owed }) => owed === 0))

test('everything arrives once; lanes side by side, within the endpoint’s concurrency', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  receiver.program('/desk', () => ({ ...accept, delayMs: 2 }))
  await all.owe([...lanes(700), ...lanes(700), ...lanes(100)])
  all.deliverer({ concurrency: 7 })
  await nothingOwed(journal)
  expect(receiver.posts).toHaveLength(1500)
  expect(receiver.faults).toEqual([])
  expect(receiver.mostOpen).toBe(7)
})

test('a lane longer than its window keeps its order through failures of every kind', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  const failures: readonly Behaviour[] = [
    answer(500),
    accept,
    { tag: 'reset', when: 'before the answer' },
    accept,
    accept,
    answer(404),
    accept,
  ]
  let at = 0
  receiver.program('/desk', () => failures[at++ % failures.length] ?? accept)
  await all.owe(Array.from({ length: 60 }, (_, index) => `lane-${index % 2}`))
  const deliverer = all.deliverer({})
  await until(() => receiver.delivered.length > 10)
  await all.owe(Array.from({ length: 20 }, (_, index) => `lane-${index % 2}`))
  deliverer.wake('desk')
  await nothingOwed(journal)
  expect(receiver.faults).toEqual([])
  const delivered = receiver.delivered.map(({ sequence }) => sequence)
  expect(new Set(delivered).size).toBe(80)
  expect(delivered).toHaveLength(80)
})

test('a hanging endpoint slows no other', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  receiver.program('/dead', () => ({ tag: 'hang' }))
  await all.owe(lanes(50), 'dead')
  await all.owe(lanes(50))
  all.deliverer({ timeoutMs: 30_000 }, { name: 'dead', url: receiver.url('/dead'), timeoutMs: 60_000 })
  await until(() => journal.debts().every(({ endpoint }) => endpoint === 'dead'))
  expect(receiver.delivered).toHaveLength(50)
  expect(receiver.posts.filter(({ path }) => path === '/dead')).toHaveLength(16)
})

test('an endpoint that has all its requests open is left alone until one of them ends, however much it is owed', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  receiver.program('/desk', () => ({ tag: 'hang' }))
  await all.owe(lanes(2))
  const deliverer = all.deliverer({ concurrency: 2, timeoutMs: 60_000 })
  await until(() => receiver.posts.length === 2)
  await all.owe(lanes(1500, 'more'))
  deliverer.wake('desk')
  const looks = vi.spyOn(journal.waits, 'now')
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(looks).not.toHaveBeenCalled()
})

test('way is given only for as long as requests end', async () => {
  await using all = await desk()
  const { receiver } = all
  receiver.program('/desk', () => ({ tag: 'hang' }))
  await all.owe(lanes(5))
  const deliverer = all.deliverer({ timeoutMs: 60_000 })
  await until(() => receiver.posts.length === 5)
  // Ten minutes, were it not given up: the test would time out.
  await deliverer.giveWay(600_000)
  expect(deliverer.state().get('desk')?.inFlight).toBe(5)
})

test('410 is a dead letter at once, and so is what has used up its retries; the lane goes on behind it', async () => {
  await using all = await desk()
  const { receiver, journal, lines } = all
  receiver.program('/desk', ({ sequence }) => (sequence === 1 ? answer(410) : sequence === 2 ? answer(400) : accept))
  await all.owe(['a', 'a', 'a'])
  all.deliverer({ retrySeconds: [0.05, 0.05] })
  await nothingOwed(journal)
  expect(receiver.posts.map(({ sequence, attempt }) => [sequence, attempt])).toEqual([
    [1, 1],
    [2, 1],
    [2, 2],
    [2, 3],
    [3, 1],
  ])
  expect(journal.debts()).toEqual([{ endpoint: 'desk', owed: 0, dead: 2 }])
  expect(lines.map(({ msg, level }) => [level, msg])).toEqual([
    ['error', 'notification dead'],
    ['warn', 'notification failed'],
    ['warn', 'notification failed'],
    ['error', 'notification dead'],
    ['info', 'notification delivered'],
  ])
})

test('Retry-After is heeded for the whole endpoint', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  receiver.program('/desk', [answer(429, { 'retry-after': '1' })])
  await all.owe(lanes(30))
  const deliverer = all.deliverer({ concurrency: 1 })
  await until(() => (deliverer.state().get('desk')?.pausedUntil ?? 0) > 0)
  const pausedUntil = deliverer.state().get('desk')?.pausedUntil ?? 0
  await nothingOwed(journal)
  const [refused, ...others] = receiver.posts
  expect(refused?.answered?.status).toBe(429)
  expect(others).toHaveLength(30)
  // Ours is the earlier clock: a timer may fire within its millisecond.
  expect(others.filter(({ arrivedAt }) => arrivedAt / 1000 < pausedUntil - 2)).toEqual([])
})

test('the end of a pause wakes the other lanes, however far away the next retry is', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  receiver.program('/desk', [answer(429, { 'retry-after': '1' })])
  await all.owe(lanes(10))
  all.deliverer({ concurrency: 1, retrySeconds: [3600] })
  await until(() => receiver.delivered.length === 9)
  await until(() => journal.debts().every(({ owed }) => owed === 1))
})

test('requests that were open when probing began do not put the first probe off', async () => {
  await using all = await desk({ firstMs: 20, maxMs: 3_600_000 })
  const { receiver, journal } = all
  receiver.program('/desk', () => answer(503))
  await all.owe(lanes(60))
  const deliverer = all.deliverer({ concurrency: 40 })
  await until(() => receiver.posts.length >= 40 && deliverer.state().get('desk')?.inFlight === 0)
  receiver.program('/desk', () => accept)
  await nothingOwed(journal)
  expect(receiver.faults).toEqual([])
})

test('an endpoint that once answered and now resets every connection is probed too', async () => {
  await using all = await desk()
  const { receiver } = all
  receiver.program('/desk', ({ sequence }) =>
    sequence === 1 ? accept : { tag: 'reset', when: sequence === 2 ? 'mid-answer' : 'before the answer' },
  )
  await all.owe(lanes(100))
  const deliverer = all.deliverer({ concurrency: 2, retrySeconds: [3600] })
  await until(() => deliverer.state().get('desk')?.isProbing === true)
  expect(receiver.posts.length).toBeLessThan(20)
})

test('an endpoint that fails ten times in a row is probed, one request at a time, until one succeeds', async () => {
  await using all = await desk()
  const { receiver, journal, lines } = all
  receiver.program('/desk', () => answer(503))
  await all.owe(lanes(200))
  const deliverer = all.deliverer({ concurrency: 4 })
  await until(() => deliverer.state().get('desk')?.isProbing === true)
  await until(() => deliverer.state().get('desk')?.inFlight === 0)
  const hammered = receiver.posts.length
  expect(hammered).toBeLessThan(20)
  receiver.program('/desk', () => accept)
  await until(() => receiver.posts.length > hammered)
  await nothingOwed(journal)
  expect(
    lines.filter(({ msg }) => String(msg).startsWith('endpoint')).map(({ msg, endpoint }) => [endpoint, msg]),
  ).toEqual([
    ['desk', 'endpoint failing: one request at a time until one succeeds'],
    ['desk', 'endpoint recovered'],
  ])
  expect(receiver.faults).toEqual([])
})

test('a probe is alone for as long as it is open', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  receiver.program('/desk', () => answer(503))
  await all.owe(lanes(40))
  const deliverer = all.deliverer({ concurrency: 4 })
  const state = () => deliverer.state().get('desk')
  await until(() => state()?.isProbing === true && state()?.inFlight === 0)
  let release = (): void => undefined
  const after = new Promise<void>((resolve) => {
    release = resolve
  })
  const before = receiver.posts.length
  receiver.program('/desk', () => ({ tag: 'answer', status: 204, after }))
  await receiver.until(({ posts }) => posts.length > before && posts.at(-1)?.answered === null)
  expect(state()?.inFlight).toBe(1)
  release()
  await nothingOwed(journal)
})

test('stopping lets open requests end and settles them; what hangs is given up and was no attempt', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  let release = (): void => undefined
  const after = new Promise<void>((resolve) => {
    release = resolve
  })
  receiver.program('/desk', ({ appointmentExternalId }) =>
    appointmentExternalId === 'hangs' ? { tag: 'hang' } : { tag: 'answer', status: 204, after },
  )
  await all.owe(['ends', 'ends', 'hangs'])
  const deliverer = all.deliverer({ timeoutMs: 60_000 })
  await receiver.until(({ posts }) => posts.length === 2)
  const stopping = deliverer.stop(200)
  release()
  await stopping
  const left = journal.loadOwed('desk', 0, 10).deliveries
  expect(left.map(({ appointmentExternalId, attempts }) => [appointmentExternalId, attempts])).toEqual([
    ['ends', 0],
    ['hangs', 0],
  ])
  receiver.program('/desk', () => accept)
  all.deliverer({})
  await nothingOwed(journal)
  expect(receiver.delivered.map(({ sequence }) => sequence).sort()).toEqual([1, 2, 3])
})

test('a disabled endpoint, and one that left the config, are owed and sent nothing', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  await all.owe(['a'], 'off')
  await all.owe(['a'], 'gone')
  await all.owe(['a'])
  all.deliverer({}, { name: 'off', enabled: false })
  await until(() => journal.debts().length === 2)
  expect(receiver.posts).toHaveLength(1)
  expect(journal.debts().map(({ endpoint, owed }) => [endpoint, owed])).toEqual([
    ['gone', 1],
    ['off', 1],
  ])
})

test('a URL that the policy refuses is a failed attempt, and nothing is dialled', async () => {
  await using all = await desk()
  const { receiver, lines } = all
  const url = receiver.url('/inside?token=planted')
  await all.owe(['a'], new URL(url).origin, url)
  all.deliverer()
  await until(() => lines.length > 0)
  expect(lines).toMatchObject([{ msg: 'notification failed', error: 'refused address', attempt: 1, status: null }])
  expect(receiver.posts).toEqual([])
  expect(JSON.stringify(lines)).not.toContain('planted')
})

test('a journal that cannot be written stops the lane, and the POST is not repeated', async () => {
  await using all = await desk()
  const { receiver, journal, lines } = all
  await all.owe(['a', 'a'])
  await journal.db.executeQuery(CompiledQuery.raw('PRAGMA query_only = on'))
  all.deliverer({})
  await until(() => lines.some(({ msg }) => String(msg).startsWith('the journal could not take an outcome')))
  expect(receiver.posts).toHaveLength(1)
  await journal.db.executeQuery(CompiledQuery.raw('PRAGMA query_only = off'))
  await nothingOwed(journal)
  expect(receiver.posts.map(({ sequence }) => sequence)).toEqual([1, 2])
})

test('stopping ends also while the journal cannot be written; what it did not take is sent again by the next', async () => {
  await using all = await desk()
  const { receiver, journal, lines } = all
  await all.owe(['a'])
  await journal.db.executeQuery(CompiledQuery.raw('PRAGMA query_only = on'))
  const deliverer = all.deliverer({})
  await until(() => lines.length > 0)
  await deliverer.stop(0)
  await journal.db.executeQuery(CompiledQuery.raw('PRAGMA query_only = off'))
  expect(journal.debts()).toEqual([{ endpoint: 'desk', owed: 1, dead: 0 }])
  all.deliverer({})
  await nothingOwed(journal)
  expect(receiver.posts.map(({ webhookId }) => webhookId)).toEqual([
    receiver.posts[0]?.webhookId,
    receiver.posts[0]?.webhookId,
  ])
})

test('once stopped, nothing wakes it', async () => {
  await using all = await desk()
  const deliverer = all.deliverer({})
  await deliverer.stop(0)
  await all.owe(['a'])
  deliverer.wake('desk')
  expect(deliverer.state().size).toBe(0)
})

describe('an endpoint that answers again', () => {
  test('is found out by a probe before any retry is due, and all that waits is due at once, within its concurrency', async () => {
    await using all = await desk()
    const { receiver, journal } = all
    await receiver.refuse()
    await all.owe([...lanes(40), ...lanes(40)])
    const deliverer = all.deliverer({ concurrency: 4, retrySeconds: [3600, 3600] })
    await until(() => deliverer.state().get('desk')?.isProbing === true)
    await receiver.open()
    receiver.program('/desk', () => ({ ...accept, delayMs: 5 }))
    await nothingOwed(journal)
    expect(receiver.delivered).toHaveLength(80)
    expect(receiver.mostOpen).toBeLessThanOrEqual(4)
    expect(receiver.faults).toEqual([])
  })

  test('one appointment alone is tried again before its time where nobody answers', async () => {
    await using all = await desk()
    const { receiver, journal, lines } = all
    await receiver.refuse()
    await all.owe(['a'])
    all.deliverer({ retrySeconds: [0.05, 0.05, 3600] })
    // Twice by the schedule, then before its time, which uses up nothing of it.
    await until(() => lines.filter(({ msg }) => msg === 'notification failed').length >= 8)
    expect(journal.debts()).toEqual([{ endpoint: 'desk', owed: 1, dead: 0 }])
    await receiver.open()
    await nothingOwed(journal)
    expect(receiver.delivered).toHaveLength(1)
  })

  test('or comes and goes: nothing dies before its schedule is through', async () => {
    await using all = await desk({ firstMs: 5, maxMs: 20 })
    const { receiver, journal } = all
    // One lane is answered now and then, the others never: each success makes all of them due.
    let asked = 0
    receiver.program('/desk', () => {
      asked += 1
      return asked % 6 === 0 ? accept : { tag: 'reset', when: 'before the answer' }
    })
    await all.owe(lanes(60))
    const deliverer = all.deliverer({ retrySeconds: [3600], concurrency: 2 })
    await until(() => receiver.delivered.length > 15)
    expect(journal.debts().map(({ dead }) => dead)).toEqual([0])
    // One or two that fail are no outage: they wait for their time. This is one, so that its end releases them too.
    receiver.program('/desk', () => ({ tag: 'reset', when: 'before the answer' }))
    await until(() => deliverer.state().get('desk')?.isProbing === true)
    receiver.program('/desk', () => accept)
    await nothingOwed(journal)
    expect(journal.debts().map(({ dead }) => dead)).toEqual([])
  })

  test('also where the daemon was started again in between, and what it asked for with Retry-After outlives that', async () => {
    await using all = await desk()
    const { receiver, journal } = all
    await receiver.refuse()
    await all.owe(['a', 'b'])
    const first = all.deliverer({ retrySeconds: [3600] })
    await until(() => first.state().get('desk')?.lanes === 0)
    await first.stop(0)
    await receiver.open()
    receiver.program('/desk', [accept, answer(503, { 'retry-after': '1' })])
    const second = all.deliverer({ retrySeconds: [3600], concurrency: 1 })
    await until(() => receiver.posts.length === 2)
    await until(() => second.state().get('desk')?.inFlight === 0)
    await second.stop(0)
    const { pausedUntil } = journal.waits.markOf('desk')
    const third = all.deliverer({ retrySeconds: [3600] })
    await journal.waits.releaseSelected({})
    third.retry('desk')
    await nothingOwed(journal)
    const last = receiver.posts.at(-1)
    expect(last?.attempt).toBe(3)
    expect((last?.arrivedAt ?? 0) / 1000).toBeGreaterThanOrEqual(pausedUntil - 2)
  })

  test('because it has another URL: what waits is sent there at once; disabled, it is sent nothing until it is enabled', async () => {
    await using all = await desk()
    const { receiver, journal } = all
    receiver.program('/desk', () => answer(404))
    await all.owe(lanes(5))
    const endpoint = { ...endpointTo(receiver, '/desk'), retrySeconds: [3600] }
    const deliverer = all.deliverer(endpoint)
    await until(() => deliverer.state().get('desk')?.lanes === 0)
    // No new address: nothing is tried sooner.
    deliverer.replace([{ ...endpoint, concurrency: 3 }])
    deliverer.replace([{ ...endpoint, enabled: false }])
    await all.owe(['new'])
    deliverer.wake('desk')
    deliverer.replace([])
    expect(deliverer.sender('desk')).toBeNull()
    expect(receiver.posts).toHaveLength(5)
    deliverer.replace([{ ...endpoint, url: receiver.url('/other') }])
    await nothingOwed(journal)
    expect(
      receiver.posts
        .slice(5)
        .map(({ path, attempt }) => [path, attempt])
        .sort(),
    ).toEqual([['/other', 1], ...lanes(5).map(() => ['/other', 2])])
  })
})

test('an operator has what waits tried now: of an appointment, of an endpoint, all', async () => {
  await using all = await desk()
  const { receiver, journal } = all
  receiver.program('/desk', () => answer(404))
  await all.owe(lanes(4))
  const deliverer = all.deliverer({ retrySeconds: [3600] })
  await until(() => receiver.posts.length === 4 && deliverer.state().get('desk')?.lanes === 0)
  const retry = async (given: object) => {
    const { answer: said, dueNow } = await carryOut(journal, { kind: 'retry', arguments: given }, new Set())
    for (const endpoint of dueNow) deliverer.retry(endpoint)
    return said
  }
  expect(await retry({ appointment: 'lane-2' })).toEqual({ done: 1 })
  await until(() => receiver.posts.length === 5 && deliverer.state().get('desk')?.lanes === 0)
  expect(receiver.posts.at(-1)).toMatchObject({ appointmentExternalId: 'lane-2', attempt: 2 })
  expect(await retry({ endpoint: 'other' })).toEqual({ done: 0 })
  receiver.program('/desk', () => accept)
  expect(await retry({ endpoint: 'desk' })).toEqual({ done: 4 })
  await nothingOwed(journal)
  expect(await retry({})).toEqual({ done: 0 })
})

test('descriptors used up are no endpoint’s fault: no attempt, no step of the schedule, no dead letter, and the log says whose', async () => {
  await using all = await desk()
  const { receiver, journal, lines } = all
  await all.owe(lanes(30))
  const { pid } = process
  const { stdout } = await promisify(execFile)('prlimit', [
    '--pid',
    String(pid),
    '--nofile',
    '--raw',
    '--noheadings',
    '--output',
    'SOFT',
  ])
  const script = `prlimit --pid ${pid} --nofile=16: && echo down && read _ && prlimit --pid ${pid} --nofile=${stdout.trim()}: && echo up`
  const limiter = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(limiter.stdout, 'data')
  const deliverer = all.deliverer({ retrySeconds: [], timeoutMs: 30_000 })
  try {
    await until(() => lines.length > 0)
    expect(deliverer.state().get('desk')).toMatchObject({ isProbing: false, inFlight: 0 })
  } finally {
    limiter.stdin.write('\n')
    await once(limiter.stdout, 'data')
  }
  expect(lines.slice(0, 1)).toMatchObject([
    { level: 'error', code: 'EMFILE', remedy: expect.stringContaining('LimitNOFILE') },
  ])
  await nothingOwed(journal)
  expect(journal.debts()).toEqual([])
  expect(receiver.posts.map(({ attempt }) => attempt)).toEqual(lanes(30).map(() => 1))
})
