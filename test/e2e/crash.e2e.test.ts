import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { failpoints } from '../../src/journal/failpoint.js'
import { accept, answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import { work } from '../../testbed/clinic-work.js'
import type { Due } from '../../testbed/due.js'
import { seededRandom } from '../../testbed/random.js'
import { dueBodies, openSite, path, quickRetries, seenBodies, seenCount } from '../support/site.js'

test('after SIGKILL at any point every committed change is delivered, in order, under the same ids', async () => {
  await using site = await openSite({ endpoint: quickRetries })
  const clinic = new Clinic(site.client, { seed: 11 })
  const random = seededRandom(3)
  // A tenth of the answers is a failure, so that kills fall into retries too.
  site.receiver.program(path, () => (random.below(10) === 0 ? answer(500) : accept))
  // The slot begins with the first life: what is committed from then on is due.
  await (await site.start()).stop('SIGKILL')
  let livesLeft = 6
  const kills = (async () => {
    for (; livesLeft > 0; livesLeft -= 1) {
      const daemon = site.spawn()
      // Sometimes before it streams, sometimes in the midst of it.
      if (livesLeft % 3 !== 0) await daemon.line('streaming')
      await sleep(20 + random.below(380))
      await daemon.stop('SIGKILL')
    }
  })()
  const due: Due[] = []
  while (livesLeft > 0) {
    due.push(...(await work(clinic, 5)))
    await sleep(10)
  }
  await kills
  await site.start()
  await site.receiver.until((receiver) => seenCount(receiver) >= due.length, 30_000)
  expect(seenBodies(site.receiver)).toEqual(dueBodies(due))
  expect(site.receiver.faults).toEqual([])
  const bodyOf = new Map<string, string>()
  for (const { webhookId, rawBody } of site.receiver.posts) {
    const body = rawBody.toString()
    expect(bodyOf.get(webhookId ?? '') ?? body).toBe(body)
    bodyOf.set(webhookId ?? '', body)
  }
  const sequences = new Set(site.receiver.delivered.map(({ sequence }) => sequence))
  expect([...sequences].sort((a, b) => Number(a) - Number(b))).toEqual(due.map((_, index) => index + 1))
})

test('after SIGKILL at each of its own steps nothing is lost, whatever the slot was told before', async () => {
  await using site = await openSite({ endpoint: quickRetries })
  const clinic = new Clinic(site.client, { seed: 12 })
  await (await site.start()).stop('SIGKILL')
  const due: Due[] = []
  for (const name of failpoints) {
    const daemon = site.spawn(undefined, { NOTIFYD_FAILPOINT: `${name}:1` })
    due.push(...(await work(clinic, 3)))
    expect(await daemon.exited, name).toMatchObject({ signal: 'SIGKILL' })
  }
  await site.start()
  await site.receiver.until((receiver) => seenCount(receiver) >= due.length, 30_000)
  expect(seenBodies(site.receiver)).toEqual(dueBodies(due))
})
