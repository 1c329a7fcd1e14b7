// What a run leaves behind, and what it does to the thread: no other run pays for it.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { until } from '../support/condition.js'
import { closeAll, load } from './load.js'

afterEach(closeAll)

const ok = { tag: 'computed', protocol: 'Stray' }

test('a thread that ends while it is idle is replaced, and nobody is blamed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-stray-'))
  const marker = join(folder, 'ended')
  const { run } = await load(['stray.ts'], { settings: { marker } })
  expect((await run({ id: 1 }))[0]?.outcome).toMatchObject(ok)
  await until(() => existsSync(marker))
  expect((await run({}))[0]?.outcome).toMatchObject(ok)
  await rm(folder, { recursive: true })
})

test('memory without end ends the thread, and neither the daemon nor the next run', async () => {
  const { run } = await load(['stray.ts'], { timeoutMs: 30_000 })
  const [hog, next] = await run({ id: 4 }, {})
  expect(hog?.outcome).toMatchObject({ tag: 'failed', cause: 'threw', message: expect.stringContaining('memory') })
  expect(next?.outcome).toMatchObject(ok)
})

test.each([
  ['a payload that is nothing as JSON', 5],
  ['an error whose stack is no text', 6],
  ['a result that JSON cannot hold', 7],
])('%s is the protocol’s failure', async (_, id) => {
  const { run, lines } = await load(['stray.ts'])
  const [failed, next] = await run({ id }, {})
  expect(failed).toMatchObject({ outcome: { tag: 'failed', cause: 'threw' }, notifications: [] })
  expect(next?.outcome).toMatchObject(ok)
  expect(lines.join('')).not.toContain('Jane')
})
