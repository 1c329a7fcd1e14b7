// Readiness and metrics of the built daemon: behind, then caught up, with a delivery, a dead letter and a failure to show.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import { until } from '../support/condition.js'
import { parseExposition } from '../support/exposition.js'
import { openSite } from '../support/site.js'

test('a daemon that is behind is not ready, and every figure of the issue is there', async () => {
  await using site = await openSite()
  await (await site.start()).stop()
  const clinic = new Clinic(site.client)
  await clinic.book({ patient: null })
  const released = join(site.home.path, 'released')
  const { endpoints, ...config } = site.config as { endpoints: object[] }
  const gone = { name: 'gone', url: site.receiver.url('/gone') }
  const waiting = { name: 'waiting', url: site.receiver.url('/waiting'), retry_seconds: [3600] }
  site.receiver.program('/gone', [answer(410)])
  site.receiver.program('/waiting', [answer(500)])
  await site.configure({
    ...config,
    endpoints: [...endpoints, gone, waiting],
    protocols: [fileURLToPath(new URL('fixtures/waits.ts', import.meta.url))],
    protocol_timeout_ms: 60_000,
    settings: { until: released },
  })
  const daemon = await site.start()
  const url = `http://127.0.0.1:${(await daemon.line('status server listening'))['port']}`
  const ready = async () => {
    const response = await fetch(`${url}/health/ready`)
    return { status: response.status, ...((await response.json()) as { phase: string; lag_bytes: number | null }) }
  }
  const metrics = async () => parseExposition(await (await fetch(`${url}/metrics`)).text())

  // At once, and not only at the watch's next turn.
  const behind = await until(async () => {
    const answered = await ready()
    return answered.lag_bytes !== null && answered
  }, 8_000)
  expect(behind).toMatchObject({ status: 503, phase: 'streaming', ready: false, last_error: null })
  expect(behind.lag_bytes).toBeGreaterThan(0)
  const before = await metrics()
  expect([before.value('notifyd_streaming'), before.value('notifyd_ready')]).toEqual([1, 0])
  expect(before.value('notifyd_wal_lag_bytes')).toBeGreaterThan(0)
  expect(before.value('notifyd_slot_retained_wal_bytes')).toBeGreaterThan(0)

  await writeFile(released, '')
  await daemon.line(({ msg, endpoint }) => msg === 'notification dead' && endpoint === 'gone')
  await daemon.line(({ msg, endpoint }) => msg === 'notification failed' && endpoint === 'waiting')
  await daemon.line(({ msg, endpoint }) => msg === 'notification delivered' && endpoint === 'scheduling')
  expect(await until(async () => (await ready()).status === 200)).toBe(true)
  const { value } = await metrics()
  expect({
    ready: value('notifyd_ready'),
    lag: value('notifyd_wal_lag_seconds'),
    changes: value('notifyd_changes_total', { model: 'appointment' }),
    stateChanges: value('notifyd_changes_total', { model: 'notestatechangeevent' }),
    notifications: value('notifyd_notifications_total', { notification: 'created' }),
    failures: value('notifyd_protocol_failures_total', { protocol: 'Waits' }),
    noFailure: value('notifyd_protocol_failures_total', { protocol: 'AppointmentNotification' }),
    delivered: value('notifyd_attempts_total', { endpoint: 'scheduling', outcome: 'delivered' }),
    failed: value('notifyd_attempts_total', { endpoint: 'waiting', outcome: 'retry' }),
    noneDead: value('notifyd_dead_letters_total', { endpoint: 'scheduling' }),
    becameDead: value('notifyd_dead_letters_total', { endpoint: 'gone' }),
    dead: value('notifyd_dead_deliveries', { endpoint: 'gone' }),
    owed: value('notifyd_owed_deliveries', { endpoint: 'waiting' }),
    noneOwed: value('notifyd_owed_deliveries', { endpoint: 'scheduling' }),
    waitingLanes: value('notifyd_waiting_lanes', { endpoint: 'waiting' }),
    lanes: value('notifyd_lanes', { endpoint: 'scheduling' }),
    open: value('notifyd_open_requests', { endpoint: 'scheduling' }),
    probing: value('notifyd_endpoint_probing', { endpoint: 'waiting' }),
    gaps: value('notifyd_gaps', { state: 'found' }),
    latency: value('notifyd_commit_to_delivery_seconds_count', { endpoint: 'scheduling' }),
    durations: value('notifyd_attempt_duration_seconds_count', { endpoint: 'gone' }),
    wholeSlot: value('notifyd_slot_safe_wal_bytes'),
    noAge: value('notifyd_oldest_owed_age_seconds', { endpoint: 'scheduling' }),
  }).toEqual({
    ready: 1,
    lag: expect.any(Number),
    changes: 1,
    stateChanges: 2,
    notifications: 3,
    failures: 3,
    noFailure: null,
    delivered: 1,
    failed: 1,
    noneDead: 0,
    becameDead: 1,
    dead: 1,
    owed: 1,
    noneOwed: 0,
    waitingLanes: 1,
    lanes: 0,
    open: 0,
    probing: 0,
    gaps: 0,
    latency: 1,
    durations: 1,
    wholeSlot: null,
    noAge: null,
  })
  for (const name of [
    'notifyd_oldest_owed_age_seconds',
    'notifyd_journal_bytes',
    'notifyd_journal_free_bytes',
    'notifyd_last_commit_timestamp_seconds',
    'process_resident_memory_bytes',
  ])
    expect(value(name), name).toBeGreaterThan(0)
  expect(value('notifyd_build_info')).toBe(1)
})
