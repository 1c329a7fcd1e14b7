// Names, units and labels of the metrics, as https://prometheus.io/docs/practices/naming/ has them, and that they do not grow.
import { expect, test } from 'vitest'
import type { JournalFigures } from '../../src/journal/figures.js'
import { Metrics } from '../../src/status/metrics.js'
import { initialState } from '../../src/status/state.js'
import { parseExposition } from '../support/exposition.js'

const ofEndpoint = (endpoint: string) => ({
  endpoint,
  owed: 2,
  dead: 1,
  oldestOwedAt: 1e15,
  waitingLanes: 1,
  lastError: null,
})

function metricsOf(endpoints: JournalFigures['endpoints'] = [], isOurs = true) {
  const figures = { endpoints, lastCommittedAt: 1e15, gaps: { found: 1, accepted: 0, resumed: 2 }, rowGaps: 0 }
  return new Metrics({
    version: '1.2.3',
    endpoints: ['desk'],
    models: ['appointment'],
    state: initialState(),
    journal: () => (isOurs ? figures : null),
    files: async () => ({ mainBytes: 4096, walBytes: 0, freeBytes: 1e9 }),
  })
}

const read = async (metrics: Metrics) => parseExposition((await metrics.render()).text)

test('names end in their unit, counters in _total, and each family says what it is', async () => {
  const { families } = await read(metricsOf())
  const ours = families.filter(({ name }) => name.startsWith('notifyd_'))
  expect(ours.length).toBeGreaterThan(20)
  for (const { name, help, type } of ours) {
    expect(help, name).toMatch(/\w/)
    expect(name.endsWith('_total'), name).toBe(type === 'COUNTER')
    if (type === 'HISTOGRAM') expect(name).toMatch(/_seconds$/)
    expect(name, 'base units').not.toMatch(/milli|micro|_ms$|kilo|mega|_mb$|percent|minutes/)
  }
  expect(families.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['process_resident_memory_bytes', 'process_start_time_seconds']),
  )
})

test('counters of configured endpoints begin at 0', async () => {
  const { value } = await read(metricsOf())
  expect(value('notifyd_dead_letters_total', { endpoint: 'desk' })).toBe(0)
  expect(value('notifyd_attempts_total', { endpoint: 'desk', outcome: 'retry' })).toBe(0)
  expect(value('notifyd_changes_total', { model: 'appointment' })).toBe(0)
  expect(value('notifyd_owed_deliveries', { endpoint: 'desk' })).toBe(0)
  expect(value('notifyd_build_info', { version: '1.2.3' })).toBe(1)
})

test('hosts of protocols’ URLs share a value of the label from the 51st on', async () => {
  const origins = Array.from({ length: 200 }, (_, index) => ofEndpoint(`https://tenant-${index}.example`))
  const { samples, value } = await read(metricsOf(origins))
  const labels = new Set(samples.flatMap((one) => one.labels.get('endpoint') ?? []))
  expect(labels.size).toBe(52)
  expect(value('notifyd_owed_deliveries', { endpoint: 'https://tenant-49.example' })).toBe(2)
  expect(value('notifyd_owed_deliveries', { endpoint: 'other' })).toBe(300)
})

test('what is not known has no sample: a stand-by tells no other’s debts, nor the lag of a stream that is down', async () => {
  const metrics = metricsOf([ofEndpoint('desk')], false)
  const { value } = await read(metrics)
  for (const name of [
    'notifyd_owed_deliveries',
    'notifyd_gaps',
    'notifyd_last_commit_timestamp_seconds',
    'notifyd_wal_lag_bytes',
    'notifyd_wal_lag_seconds',
    'notifyd_slot_retained_wal_bytes',
    'notifyd_slot_safe_wal_bytes',
  ])
    expect(value(name), name).toBeNull()
  expect([value('notifyd_streaming'), value('notifyd_ready')]).toEqual([0, 0])
})
