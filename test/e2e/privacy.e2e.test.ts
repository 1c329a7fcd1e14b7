// Names, comments, patient keys and payloads are planted, everything that can go wrong does, and at the most talkative
// level nothing of them is found in what the daemon printed.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import { work } from '../../testbed/clinic-work.js'
import { openSite, path, seenCount } from '../support/site.js'

test('nothing of a patient reaches log, metrics or errors, at any level, in success and failure', async () => {
  const protocol = new URL('./fixtures/quotes-the-patient.ts', import.meta.url)
  await using site = await openSite({
    endpoint: { retry_seconds: [0.1, 0.1], headers: { authorization: 'Bearer planted-token' } },
    config: { log: { level: 'trace' }, protocols: [decodeURIComponent(protocol.pathname)] },
  })
  await site.configure({
    ...site.config,
    endpoints: [
      ...(site.config['endpoints'] as object[]),
      { name: 'dead', url: 'http://127.0.0.1:9/planted-path?planted=query', retry_seconds: [] },
    ],
  })
  const daemon = await site.start()
  // What makes an endpoint unhealthy is answered at the first attempt only: probing would be for the other endpoint.
  const statuses = [500, 204, 410, 200, 429, 204, 302, 204]
  site.receiver.program(path, ({ sequence, attempt }) => {
    const status = statuses[(sequence ?? 0) % statuses.length] ?? 204
    return answer((status === 500 || status === 429) && attempt !== 1 ? 204 : status)
  })
  const clinic = new Clinic(site.client, { seed: 5 })
  const due = await work(clinic, 120)
  await daemon.line(({ msg, endpoint }) => msg === 'notification dead' && endpoint === 'dead')
  const settled = new Set<unknown>()
  await daemon.line(({ msg, endpoint, sequence }) => {
    if (endpoint === 'scheduling' && /dead|delivered/.test(String(msg))) settled.add(sequence)
    return settled.size === due.length
  })
  const { port } = await daemon.line('status server listening')
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  expect(metrics).toMatch(/notifyd_dead_deliveries\{endpoint="dead"\} \d+/)
  expect(daemon.lines).toContainEqual(
    expect.objectContaining({ msg: 'protocol failed', at: expect.stringContaining('quotes-the-patient.ts:') }),
  )
  // The database goes away in the middle of it, and comes back.
  await site.database.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  )
  await daemon.line('streaming', 20_000, daemon.lines.findIndex(({ msg }) => msg === 'streaming') + 1)
  await daemon.stop()

  const printed = `${daemon.stdout}${daemon.stderr}${metrics}`
  expect(clinic.privateTexts.size).toBeGreaterThan(20)
  const found = [...clinic.privateTexts, 'planted', 'whsec_'].filter((text) => printed.includes(text))
  expect(found).toEqual([])
  expect(printed).not.toContain('canvas_patient_key')
  expect(seenCount(site.receiver)).toBeGreaterThan(0)
  for (const file of readdirSync(site.home.path).filter((name) => name.startsWith('journal.db'))) {
    expect([file, (statSync(join(site.home.path, file)).mode & 0o777).toString(8)]).toEqual([file, '600'])
  }
})
