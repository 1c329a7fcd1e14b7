// `notifyd replay` on a real journal, beside a daemon and without one: what is sent again, what is not, and how it ends.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { accept, answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import { act } from '../../testbed/clinic-work.js'
import type { Post } from '../../testbed/post.js'
import { openSite, path, quickRetries, type Site } from '../support/site.js'
import { dryRunShape, explainShape, replayedShape } from './shapes.js'

/** One appointment and its three notifications, delivered; the daemon runs. */
async function threeDelivered(): Promise<{ site: Site; first: string } & AsyncDisposable> {
  const site = await openSite({ endpoint: quickRetries })
  await site.start()
  const clinic = new Clinic(site.client)
  const { booking } = await clinic.book({ patient: null })
  await clinic.cancel(booking)
  await clinic.restore(booking)
  await site.receiver.until(({ delivered }) => delivered.length === 3)
  const first = site.receiver.posts[0]?.headers['notification-lsn']
  return { site, first: String(first), [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() }
}

async function replay(site: Site, ...args: string[]) {
  const command = site.spawn(['replay', ...args])
  const { status } = await command.exited
  return { status, out: command.stdout, err: command.stderr }
}

const identity = ({ webhookId, sequence, rawBody }: Post) => [webhookId, sequence, rawBody.toString()]
const isReplay = ({ headers }: Post) => headers['notification-replay'] === 'true'
const types = (posts: readonly Post[]) => posts.map(({ headers }) => headers['notification-type'])

test.each(['running', 'stopped'])('daemon %s: the same ids, bytes and sequence, in order', async (how) => {
  await using ready = await threeDelivered()
  const { site, first } = ready
  if (how === 'stopped') await site.stopAll()
  expect(await replay(site, '--from', first)).toEqual({ status: 0, out: '3 of 3 delivered again\n', err: '' })
  const again = site.receiver.posts.slice(3)
  expect(again.map(identity)).toEqual(site.receiver.posts.slice(0, 3).map(identity))
  expect(again.map(isReplay)).toEqual([true, true, true])
  expect(again.map(({ attempt }) => attempt)).toEqual([1, 1, 1])
  expect(site.receiver.faults).toEqual([])
  // Nothing of it is owed afterwards.
  if (how === 'stopped') await site.start()
  const dead = site.spawn(['dead-letters', 'list'])
  await dead.exited
  expect(dead.stdout).toBe('no dead letters\n')
  expect(site.receiver.posts).toHaveLength(6)
})

test('a range and filters; a dry run sends nothing', async () => {
  await using ready = await threeDelivered()
  const { site, first } = ready
  const [created, cancelled] = site.receiver.posts.map(({ headers }) => String(headers['notification-lsn']))
  const dry = await replay(site, '--from', first, '--dry-run', '--json')
  expect(dry.status).toBe(0)
  expect(dryRunShape.parse(JSON.parse(dry.out))).toMatchObject([
    { lsn: created, notification: 'created', sequence: 1, endpoint: 'scheduling' },
    { lsn: cancelled, notification: 'cancelled', sequence: 2 },
    { notification: 'reverted', sequence: 3 },
  ])
  expect(site.receiver.posts).toHaveLength(3)
  // The transaction of an LSN is included, at both ends, in any padding.
  const padded = String(cancelled).replace(/\/(.*)/, (_, low: string) => `/${low.padStart(8, '0')}`)
  await replay(site, '--from', padded, '--to', String(cancelled))
  await replay(site, '--from', first, '--only', 'created', '--only', 'reverted', '--rate', '50')
  const uuid = String(site.receiver.posts[0]?.appointmentExternalId)
  await replay(site, '--from', first, '--appointment', uuid.toUpperCase(), '--endpoint', 'scheduling', '--to', first)
  await replay(site, '--from', first, '--appointment', '00ccf34f-b501-4a36-877b-6a64856c413a')
  expect(types(site.receiver.posts.slice(3))).toEqual(['cancelled', 'created', 'reverted', 'created'])
  // By the time of its commit, and by itself.
  const at = String(site.receiver.posts[1]?.headers['notification-committed-at'])
  // Another may have committed in the same millisecond.
  expect(await replay(site, '--from', at, '--to', at, '--only', 'cancelled')).toMatchObject({
    status: 0,
    out: '1 of 1 delivered again\n',
  })
  const id = String(site.receiver.posts[2]?.webhookId)
  expect(await replay(site, id)).toMatchObject({ status: 0, out: '1 of 1 delivered again\n' })
  expect(types(site.receiver.posts.slice(7))).toEqual(['cancelled', 'reverted'])
  expect(site.receiver.posts.at(-1)?.webhookId).toBe(id)
})

test('a range that the journal does not have is refused, and nothing is sent', async () => {
  await using ready = await threeDelivered()
  const { site, first } = ready
  const refused = async (...args: string[]) => {
    const { status, err } = await replay(site, ...args)
    expect(status).toBe(2)
    return err
  }
  expect(await refused('--from', '0/1')).toMatch(/the journal is whole from [0-9A-F]+\/[0-9A-F]+ on \(\d{4}-/)
  expect(await refused('--from', 'FFFFFFFF/0')).toMatch(/LSN_IN_FUTURE: the journal ends at/)
  expect(await refused('--from', 'yesterday')).toContain('--from')
  expect(await refused('--from', first, '--to', '0/1')).toContain('--to lies before --from')
  expect(await refused('--from', first, '--endpoint', 'schedulin')).toContain('did you mean scheduling?')
  expect(await refused('--from', first, '--only', 'canceled')).toContain('did you mean cancelled?')
  expect(await refused('--from', first, '--rate', 'fast')).toContain('--rate')
  expect(site.receiver.posts).toHaveLength(3)
})

test('each is tried three times and then told; a dead letter is settled by success; what is owed is left alone', async () => {
  await using site = await openSite({ endpoint: { retry_seconds: [] } })
  const daemon = await site.start()
  const clinic = new Clinic(site.client)
  site.receiver.program(path, [answer(500)])
  const { booking } = await clinic.book({ patient: null })
  await daemon.line('notification dead')
  await clinic.cancel(booking)
  await site.receiver.until(({ delivered }) => delivered.length === 1)
  const first = String(site.receiver.posts[0]?.headers['notification-lsn'])
  const [dead, delivered] = site.receiver.posts.map(({ webhookId }) => webhookId)

  site.receiver.program(path, () => answer(503))
  const failed = await replay(site, '--from', first, '--json')
  expect(failed.status).toBe(1)
  expect(replayedShape.parse(JSON.parse(failed.out))).toEqual({
    total: 2,
    delivered: 0,
    stopped: false,
    gaps: [],
    failures: [dead, delivered].map((webhook_id) => ({ webhook_id, endpoint: 'scheduling', error: 'http 503' })),
  })
  expect(site.receiver.posts.slice(2).map(({ webhookId, attempt }) => [webhookId, attempt])).toEqual(
    [dead, delivered].flatMap((id) => [1, 2, 3].map((attempt) => [id, attempt])),
  )
  const list = async () => {
    const command = site.spawn(['dead-letters', 'list', '--json'])
    await command.exited
    return JSON.parse(command.stdout)
  }
  expect(await list()).toMatchObject([{ webhook_id: dead, error: 'http 500' }])
  site.receiver.program(path, [])
  expect(await replay(site, '--from', first)).toMatchObject({ status: 0 })
  expect(await list()).toEqual([])
  const explain = site.spawn(['explain', String(dead), '--json'])
  await explain.exited
  const [change] = explainShape.parse(JSON.parse(explain.stdout))
  const told = change?.deliveries.flatMap(({ attempts }) => attempts) ?? []
  expect(told.map(({ replay, attempt, status }) => [replay, attempt, status])).toEqual([
    [false, 1, 500],
    ...[1, 2, 3].map((attempt) => [true, attempt, 503]),
    [true, 1, 204],
  ])

  // A third one is owed, to a receiver that takes its time: a replay neither sends it nor waits for it.
  await site.stopAll()
  await clinic.restore(booking)
  site.receiver.program(path, () => ({ tag: 'hang' }))
  const next = await site.start()
  await site.receiver.until(({ posts }) => posts.at(-1)?.headers['notification-type'] === 'reverted')
  expect(JSON.parse((await replay(site, '--from', first, '--dry-run', '--json')).out)).toHaveLength(2)
  await next.stop('SIGKILL')
})

test('beside live traffic no order is broken, and a daemon that was killed goes on where it was', async () => {
  await using site = await openSite({ endpoint: quickRetries })
  const daemon = await site.start()
  const clinic = new Clinic(site.client, { seed: 11 })
  const due = []
  while (due.length < 400) due.push(...[await act(clinic)].filter((one) => one !== null))
  await site.receiver.until(({ delivered }) => delivered.length >= 400)
  const first = String(site.receiver.posts[0]?.headers['notification-lsn'])
  const command = site.spawn(['replay', '--from', first, '--rate', '300'])
  await site.receiver.until(({ posts }) => posts.filter(isReplay).length >= 50)
  for (let made = 0; made < 100; ) made += (await act(clinic)) === null ? 0 : 1
  await site.receiver.until(({ posts }) => posts.filter(isReplay).length >= 300)
  await daemon.stop('SIGKILL')
  await site.start()
  expect(await command.exited).toEqual({ status: 0, signal: null })
  expect(command.stdout).toBe('400 of 400 delivered again\n')
  await site.receiver.until(({ delivered }) => new Set(delivered.map(({ webhookId }) => webhookId)).size === 500)
  expect(site.receiver.faults).toEqual([])
  const replayed = site.receiver.posts.filter(isReplay).map(({ webhookId }) => webhookId)
  expect(new Set(replayed).size).toBe(400)
  // It went on: less than a whole slice was sent twice.
  expect(replayed.length).toBeLessThan(400 + 256)
})

test('Ctrl-C stops it, and the daemon does not go on with it', async () => {
  await using ready = await threeDelivered()
  const { site, first } = ready
  const command = site.spawn(['replay', '--from', first, '--rate', '0.5'])
  await site.receiver.until(({ posts }) => posts.length === 4)
  const ended = await command.stop('SIGINT')
  expect(ended.status).toBe(1)
  expect(command.stdout).toMatch(/^[12] of 3 delivered again, then stopped\n$/)
  expect(await replay(site, '--from', first, '--only', 'reverted')).toMatchObject({ status: 0 })
  expect(site.receiver.posts.length).toBeLessThanOrEqual(6)
})

const pager = (text: string) => `
import { CHANGE_TYPE, ClinicalQualityMeasure, ProtocolResult, send_notification } from 'notification-protocol'
export class Pager extends ClinicalQualityMeasure {
  static Meta = { title: 'Pager', compute_on_change_types: [CHANGE_TYPE.APPOINTMENT], notification_only: true }
  compute_results() {
    const changed = this.field_changes.fields['state']
    if (changed?.[1] === 'CLD') send_notification('scheduling', JSON.stringify({ page: ${JSON.stringify(text)} }))
    return new ProtocolResult()
  }
}`

test.each(['running', 'stopped'])("recompute, daemon %s: what today's protocols owe besides", async (how) => {
  await using ready = await threeDelivered()
  const { site, first } = ready
  const file = join(site.home.path, 'pager.ts')
  await writeFile(file, pager('front desk'))
  if (how === 'stopped') await site.stopAll()
  await site.configure({ ...site.config, protocols: [file] })
  const recompute = () => replay(site, '--from', first, '--recompute')
  const dry = await replay(site, '--from', first, '--recompute', '--dry-run', '--json')
  expect(JSON.parse(dry.out)).toMatchObject([{ notification: 'Pager', endpoint: 'scheduling', sequence: null }])
  expect(site.receiver.posts).toHaveLength(3)
  // A new protocol.
  expect(await recompute()).toMatchObject({ status: 0, out: '5 changes recomputed; 1 of 1 delivered\n' })
  // The same again: nothing is new.
  expect(await recompute()).toMatchObject({ status: 0, out: '5 changes recomputed; 0 of 0 delivered\n' })
  // A mended one: other bytes, under the id of the next generation. Nobody takes it at first, and it is not lost.
  await writeFile(file, pager('the nurse'))
  site.receiver.program(path, () => answer(500))
  expect(await recompute()).toMatchObject({ status: 1 })
  site.receiver.program(path, () => accept)
  expect(await recompute()).toMatchObject({ status: 0, out: '5 changes recomputed; 1 of 1 delivered\n' })
  const posts = site.receiver.delivered.slice(3)
  expect(posts.map(({ rawBody }) => rawBody.toString())).toEqual(['{"page":"front desk"}', '{"page":"the nurse"}'])
  expect(posts.map(({ sequence }) => sequence)).toEqual([4, 5])
  expect(new Set(posts.map(({ webhookId }) => webhookId)).size).toBe(2)
  expect(posts.every(isReplay)).toBe(true)
})
