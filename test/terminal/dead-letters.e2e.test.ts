import { describe, expect, test } from 'vitest'
import { accept, answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import { openSite, path, type Site } from '../support/site.js'
import { deadLettersShape } from './shapes.js'

/** One appointment, of whose three notifications the first two died; the daemon runs. */
async function twoDead(): Promise<{ site: Site } & AsyncDisposable> {
  const site = await openSite({ endpoint: { retry_seconds: [] } })
  const daemon = await site.start()
  site.receiver.program(path, ({ sequence }) => ((sequence ?? 0) <= 2 ? answer(500) : accept))
  const clinic = new Clinic(site.client)
  const { booking } = await clinic.book({ patient: null })
  await clinic.cancel(booking)
  await clinic.restore(booking)
  await site.receiver.until(({ delivered }) => delivered.length === 1)
  await daemon.line('notification delivered')
  site.receiver.program(path, [])
  return { site, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() }
}

async function notifyd(site: Site, ...args: string[]) {
  const command = site.spawn(args)
  const { status } = await command.exited
  return { status, out: command.stdout, err: command.stderr }
}

describe('with the daemon running, and stopped', () => {
  test.each(['running', 'stopped'])('%s: listed, sent again in order, and no longer dead', async (how) => {
    await using dead = await twoDead()
    const { site } = dead
    if (how === 'stopped') await site.stopAll()
    const listed = deadLettersShape.parse(JSON.parse((await notifyd(site, 'dead-letters', 'list', '--json')).out))
    expect(listed).toMatchObject([
      { notification: 'created', sequence: 1, attempts: 1, error: 'http 500' },
      { notification: 'cancelled', sequence: 2 },
    ])
    expect(await notifyd(site, 'dead-letters', 'retry', '--all')).toEqual({ status: 0, out: '2 owed again\n', err: '' })
    if (how === 'stopped') await site.start()
    await site.receiver.until(({ delivered }) => delivered.length === 3)
    expect(site.receiver.posts.slice(3).map(({ sequence, attempt }) => [sequence, attempt])).toEqual([
      [1, 1],
      [2, 1],
    ])
    expect((await notifyd(site, 'dead-letters', 'list')).out).toBe('no dead letters\n')
  })

  test('one is discarded, with a reason, and is neither dead nor owed', async () => {
    await using dead = await twoDead()
    const { site } = dead
    const [first] = JSON.parse((await notifyd(site, 'dead-letters', 'list', '--json')).out)
    const discarded = await notifyd(site, 'dead-letters', 'discard', first.webhook_id, '--reason', 'told by telephone')
    expect(discarded).toMatchObject({ status: 0, out: '1 discarded\n' })
    expect(JSON.parse((await notifyd(site, 'dead-letters', 'list', '--json')).out)).toMatchObject([{ sequence: 2 }])
  })
})

test('nothing selected, or what is owed to a configured endpoint, is bad usage', async () => {
  await using dead = await twoDead()
  const { site } = dead
  expect(await notifyd(site, 'dead-letters', 'retry')).toMatchObject({
    status: 2,
    err: expect.stringContaining('--all'),
  })
  const owed = ['dead-letters', 'discard', '--endpoint', 'scheduling', '--owed', '--reason', 'x']
  expect(await notifyd(site, ...owed)).toMatchObject({ status: 2, err: expect.stringContaining('left the config') })
})
