// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of the config look like this
// SIGHUP at a daemon that streams and sends over TLS with certificates of its own: all of an endpoint changes between two
// notifications, endpoints come and go, the rest is named, a broken config changes nothing, and the stream is the same all the while.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import type { LogLine } from '../../testbed/daemon.js'
import { startReceiver } from '../../testbed/receiver.js'
import { startTlsFront } from '../../testbed/tls-front.js'
import { openSite } from '../support/site.js'

const fixture = (name: string) => fileURLToPath(new URL(`../send/fixtures/${name}.pem`, import.meta.url))
const pem = (name: string) => readFileSync(fixture(name), 'utf8')
const secretOf = () => `whsec_${randomBytes(24).toString('base64')}`

test('SIGHUP: URLs, headers, secrets and certificates change under a living stream; nothing else does', async () => {
  await using site = await openSite()
  const [first, second] = [secretOf(), secretOf()]
  await using receiver = await startReceiver({ secrets: [first, second] })
  const server = { cert: pem('server'), key: pem('server'), ca: pem('ca') }
  await using front = await startTlsFront(server, receiver.port)
  const file = (name: string, text: string) => writeFile(join(site.home.path, name), `${text}\n`)
  await file('secret', first)
  await file('token', 'planted-token-1')
  await file('client.pem', pem('client'))
  const tls = { ca_file: fixture('ca'), cert_file: 'client.pem', key_file: 'client.pem' }
  const endpoint = {
    name: 'scheduling',
    url: `https://localhost:${front.port}/first`,
    secrets: ['${file:secret}'],
    headers: { authorization: 'Bearer ${file:token}' },
    retry_seconds: [0.2, 0.2, 0.2],
    tls,
  }
  const config = (given: object = {}, more: object = {}) => ({
    ...site.config,
    endpoints: [{ ...endpoint, ...given }],
    ...more,
  })
  await site.configure(config())
  const daemon = await site.start()
  const clinic = new Clinic(site.client, { seed: 3 })
  const stream = () =>
    site.database.query(
      'SELECT pid FROM pg_stat_replication WHERE pid IN (SELECT active_pid FROM pg_replication_slots WHERE database = current_database())',
    )
  const pids = await stream()
  expect(pids).toHaveLength(1)
  const book = async () => {
    const count = receiver.posts.length
    await clinic.book({ patient: null })
    await receiver.until(({ posts }) => posts.length > count)
    const post = receiver.posts.at(-1)
    return { path: post?.path, by: post?.verifiedBy, authorization: post?.headers.authorization }
  }
  const hangup = async (msg: string): Promise<LogLine> => {
    const from = daemon.lines.length
    daemon.kill('SIGHUP')
    return daemon.line((line) => line.msg === msg, 10_000, from)
  }
  const again = 'config read again'
  const keptOld = 'the config could not be read again: the one before stays in force; correct it and send SIGHUP again'
  const before = { path: '/first', by: [first], authorization: 'Bearer planted-token-1' }
  expect(await book()).toEqual(before)

  // A request that is open while everything changes ends where it began.
  let letGo = (): void => undefined
  const after = new Promise<void>((resolve) => {
    letGo = resolve
  })
  receiver.program('/first', [{ tag: 'answer', status: 204, after }])
  expect(await book()).toEqual(before)
  await file('secret', second)
  await file('token', 'planted-token-2')
  await file('client.pem', pem('server'))
  const url = `https://localhost:${front.port}/second`
  const secrets = ['${file:secret}', first]
  await site.configure(config({ url, secrets, concurrency: 3 }, { log: { level: 'debug' }, note_states: {} }))
  expect(await hangup(again)).toMatchObject({
    changed: ['url', 'secrets', 'headers', 'tls', 'concurrency'].map((key) => `endpoints.scheduling.${key}`),
  })
  const { needs_restart } = await daemon.line(({ needs_restart: keys }) => keys !== undefined)
  expect(needs_restart).toEqual([...['CLD', 'NSW', 'RVT', 'CVD'].map((state) => `note_states.${state}`), 'log.level'])
  const now = { path: '/second', by: [first, second], authorization: 'Bearer planted-token-2' }
  expect(await book()).toEqual(now)
  letGo()
  await receiver.until(({ delivered }) => delivered.length === 3)
  expect([...new Set(front.shown)]).toEqual(['notifyd test client', 'notifyd test server'])

  // Whatever is wrong, the config before stays, and what is wrong is said without a value.
  const wrong = async (write: () => Promise<void>, problem: RegExp) => {
    await write()
    expect(await hangup(keptOld)).toMatchObject({ level: 'error', problems: [expect.stringMatching(problem)] })
  }
  await wrong(() => writeFile(site.home.configFile, '{ "planted'), /^not valid JSON at line 1/)
  await wrong(
    () => site.configure(config({ url: 'https://10.0.0.1/planted' })),
    /^endpoints\[0\]\.url: expected a public/,
  )
  await wrong(
    () => site.configure(config({ secrets: ['${file:lost}'] })),
    /secrets\[0\]: the file .*lost cannot be read/,
  )
  await wrong(async () => {
    await site.configure(config({ url }))
    await file('client.pem', pem('client').replace(/-----BEGIN CERT[\s\S]*/, ''))
  }, /tls\.cert_file: the file .*client\.pem holds no certificate/)
  expect(await book()).toEqual(now)

  // Mended; an endpoint is added, which is told of what is committed from then on, and what waits for it is tried at once
  // when it has another URL.
  await file('client.pem', pem('client'))
  const added = { name: 'desk', url: 'http://127.0.0.1:9/', retry_seconds: [3600], notifications: ['created'] }
  const both = (given: object = {}) =>
    site.configure({
      ...config({ url }),
      endpoints: [
        { ...endpoint, url },
        { ...added, ...given },
      ],
    })
  await both()
  expect(await hangup(again)).toMatchObject({
    changed: ['secrets', 'tls', 'concurrency'].map((key) => `endpoints.scheduling.${key}`).concat('endpoints.desk'),
  })
  expect(await book()).toEqual({ ...now, by: [second] })
  await daemon.line(({ msg, endpoint: of }) => msg === 'notification failed' && of === 'desk')
  await both({ url: receiver.url('/desk') })
  expect(await hangup(again)).toMatchObject({ changed: ['endpoints.desk.url'] })
  await receiver.until(({ delivered }) => delivered.some(({ path }) => path === '/desk'))
  // Disabled: owed, and sent nothing. Enabled: what was owed meanwhile, too. Gone: nothing more is owed to it.
  const atDesk = () => receiver.delivered.filter(({ path }) => path === '/desk').length
  await both({ url: receiver.url('/desk'), enabled: false })
  expect(await hangup(again)).toMatchObject({ changed: ['endpoints.desk.enabled'] })
  await book()
  expect(atDesk()).toBe(1)
  await both({ url: receiver.url('/desk') })
  await hangup(again)
  await receiver.until(() => atDesk() === 2)
  await site.configure(config({ url }))
  expect(await hangup(again)).toMatchObject({ changed: ['endpoints.desk'] })
  await book()
  expect(atDesk()).toBe(2)
  expect(await hangup(again)).toMatchObject({ changed: [] })

  expect(await stream()).toEqual(pids)
  expect(daemon.lines.filter(({ msg }) => msg === 'streaming')).toHaveLength(1)
  // The desk has no secret.
  expect(receiver.faults.filter(({ post }) => post.path !== '/desk')).toEqual([])
  expect(await daemon.stop()).toEqual({ status: 0, signal: null })
  expect(`${daemon.stdout}${daemon.stderr}`).not.toMatch(/planted|whsec_/)
})
