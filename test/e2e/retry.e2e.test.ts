// `notifyd retry` beside a running daemon: what waits for hours comes at once, as much of it as was meant, within the endpoint's
// concurrency, and no attempt that an operator asked for uses up a step of the schedule.
import { expect, test } from 'vitest'
import { accept, answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import { until } from '../support/condition.js'
import { openSite, path, type Site } from '../support/site.js'
import { retryShape } from '../terminal/shapes.js'

const appointments = 6
const concurrency = 2

/** How many lanes it says. */
async function retried(site: Site, ...args: string[]): Promise<number> {
  const command = site.spawn(['retry', ...args, '--json'])
  expect([(await command.exited).status, command.stderr]).toEqual([0, ''])
  return retryShape.parse(JSON.parse(command.stdout)).done
}

test('retry sends what waits for hours at once: of an appointment, of an endpoint, all; within concurrency, and without a step', async () => {
  await using site = await openSite()
  const { receiver } = site
  const [endpoint] = site.config['endpoints'] as [Record<string, unknown>]
  // One step: a second one that counted would make a dead letter of it.
  const slow = { ...endpoint, retry_seconds: [36_000], concurrency }
  await site.configure({ ...site.config, endpoints: [slow, { ...slow, name: 'desk', url: receiver.url('/desk') }] })
  for (const to of [path, '/desk']) receiver.program(to, () => answer(404))
  const daemon = await site.start()
  /** Settled attempts: what is in the log is in the journal. */
  const settled = (msg: string, count: number) =>
    until(() => daemon.lines.filter((line) => line.msg === msg).length === count, 20_000)
  const clinic = new Clinic(site.client)
  for (let index = 0; index < appointments; index += 1) await clinic.book({ patient: null })
  const posts = (to: string) => receiver.posts.filter((post) => post.path === to)
  await settled('notification failed', 2 * appointments)

  // Still refused: tried before its time, and it waits as it did.
  expect(await retried(site, '--endpoint', 'scheduling')).toBe(appointments)
  await settled('notification failed', 3 * appointments)
  expect(posts(path)).toHaveLength(2 * appointments)

  const one = posts(path)[0]?.appointmentExternalId ?? ''
  for (const to of [path, '/desk']) receiver.program(to, () => ({ ...accept, delayMs: 30 }))
  expect(await retried(site, '--endpoint', 'scheduling', '--appointment', one)).toBe(1)
  await settled('notification delivered', 1)
  expect(receiver.delivered.map((post) => [post.path, post.appointmentExternalId])).toEqual([[path, one]])

  receiver.mostOpen = 0
  expect(await retried(site, '--endpoint', 'scheduling')).toBe(appointments - 1)
  await settled('notification delivered', appointments)
  expect(receiver.mostOpen).toBe(concurrency)
  expect(posts('/desk')).toHaveLength(appointments)

  expect(await retried(site, '--all')).toBe(appointments)
  await settled('notification delivered', 2 * appointments)
  // Each once, of each endpoint, and none that nobody asked for.
  expect(posts(path)).toHaveLength(3 * appointments)
  expect(posts('/desk')).toHaveLength(2 * appointments)
  expect(daemon.lines.map(({ msg }) => msg)).not.toContain('notification dead')
  expect(receiver.faults).toEqual([])
})
