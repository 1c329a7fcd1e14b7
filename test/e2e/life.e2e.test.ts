import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { until } from '../support/condition.js'
import { openSite, path, quickRetries, seenCount } from '../support/site.js'

test('SIGTERM lets the open request end, tells the slot what is durable, and exits 0', async () => {
  await using site = await openSite()
  const daemon = await site.start()
  let release = (): void => undefined
  const after = new Promise<void>((resolve) => {
    release = resolve
  })
  site.receiver.program(path, () => ({ tag: 'answer', status: 204, after }))
  await new Clinic(site.client).book({ patient: null })
  await site.receiver.until(({ posts }) => posts.length === 1)
  daemon.kill('SIGTERM')
  const [slot] = await site.database.query<{ told: string }>(
    'SELECT confirmed_flush_lsn::text AS told FROM pg_replication_slots WHERE slot_name = $1',
    [site.database.slot],
  )
  release()
  expect(await daemon.exited).toEqual({ status: 0, signal: null })
  expect(daemon.lines.at(-1)?.msg).toBe('stopped')
  expect(daemon.lines.filter(({ msg }) => msg === 'notification delivered')).toHaveLength(1)
  expect(slot?.told).toBeDefined()
  await site.start()
  const { due } = await new Clinic(site.client, { seed: 2 }).book({ patient: null })
  await site.receiver.until(({ posts }) => posts.length === 2)
  expect(site.receiver.posts[1]?.appointmentExternalId).toBe(due.appointment_external_id)
})

test('a second signal ends at once, and what was open is sent again', async () => {
  await using site = await openSite()
  const daemon = await site.start()
  site.receiver.program(path, [{ tag: 'hang' }])
  await new Clinic(site.client).book({ patient: null })
  await site.receiver.until(({ posts }) => posts.length === 1)
  daemon.kill('SIGINT')
  daemon.kill('SIGTERM')
  expect((await daemon.exited).status).toBe(0)
  await site.start()
  await site.receiver.until(({ delivered }) => delivered.length === 1)
  expect(new Set(site.receiver.posts.map(({ webhookId }) => webhookId)).size).toBe(1)
})

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a second daemon on one journal stands by, not ready, and takes over after %s',
  async (signal) => {
    await using site = await openSite()
    const first = await site.start()
    const second = site.spawn()
    await second.line('stand-by: another daemon owns the journal')
    const { port } = await second.line('status server listening')
    expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(503)
    expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200)
    await first.stop(signal)
    await second.line('streaming')
    await until(async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).status === 200)
    await new Clinic(site.client).book({ patient: null })
    await site.receiver.until(({ delivered }) => delivered.length === 1)
  },
)

test('--deliver-only pays what is owed and does not read the slot', async () => {
  await using site = await openSite({ endpoint: quickRetries })
  const daemon = await site.start()
  await site.receiver.refuse()
  const clinic = new Clinic(site.client)
  await clinic.book({ patient: null })
  await daemon.line('notification failed')
  await daemon.stop()
  await site.receiver.open()
  await clinic.book({ patient: null })
  const payer = site.spawn(['run', '--deliver-only'])
  await payer.line('notification delivered')
  await payer.stop()
  expect(seenCount(site.receiver)).toBe(1)
})

test('a restarted PostgreSQL connection is made again, and nothing is missed', async () => {
  await using site = await openSite()
  const daemon = await site.start()
  const clinic = new Clinic(site.client)
  for (const round of [1, 2, 3]) {
    await site.database.query(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1',
      [site.database.slot],
    )
    await clinic.book({ patient: null })
    await site.receiver.until(({ delivered }) => delivered.length === round)
  }
  expect(seenCount(site.receiver)).toBe(3)
  expect(daemon.lines.filter(({ msg }) => msg === 'the stream ended; connecting again')).not.toEqual([])
})

test('columns that the application adds or drops are no gap: the stream goes on', async () => {
  await using site = await openSite()
  await site.start()
  await new Clinic(site.client).book({ patient: null })
  await site.database.query('ALTER TABLE appointment ADD more int; ALTER TABLE appointment DROP description')
  await site.database.query('INSERT INTO appointment (provider_id, more) VALUES (1, 2)')
  await site.receiver.until(({ delivered }) => delivered.length === 2)
})
