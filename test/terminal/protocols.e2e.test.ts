// `protocols list` and `test`: the examples of the repository as their expectations say, a difference, a failure, and journaled
// changes of which no payload is shown unasked.
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { openSite, type Site } from '../support/site.js'
import { listedProtocolShape, trialsShape } from './shapes.js'

const examples = fileURLToPath(new URL('../../examples/protocols/', import.meta.url))

async function notifyd(site: Site, ...args: string[]) {
  const command = site.spawn(args)
  const { status } = await command.exited
  return { status, out: command.stdout, err: command.stderr }
}

test('the examples do what their expectations say; what differs is shown, and is status 1', async () => {
  await using site = await openSite({ migrations: [] })
  const endpoints = ['--endpoint', 'messages', 'waitlist', 'front-desk']
  const names = ['appointment-messages', 'waitlist-offer', 'lab-report-pager']
  await Promise.all(
    names.map(async (name) => {
      const tried = await notifyd(site, 'protocols', 'test', join(examples, `${name}.ts`), '--json', ...endpoints)
      expect([name, tried.status, tried.err]).toEqual([name, 0, ''])
      const { trials, as_expected } = trialsShape.parse(JSON.parse(tried.out))
      expect([as_expected, trials.some(({ sent }) => sent.length > 0)]).toEqual([true, true])
    }),
  )
  const file = join(site.home.path, 'waitlist-offer.ts')
  const text = await readFile(join(examples, 'waitlist-offer.ts'), 'utf8')
  await writeFile(file, text.replace("'CLD'", "'NSW'"))
  await copyFile(join(examples, 'waitlist-offer.ts.expected.json'), `${file}.expected.json`)
  const differs = await notifyd(site, 'protocols', 'test', file, ...endpoints)
  expect(differs.status).toBe(1)
  expect(differs.out).toMatch(/^[-+] .*"example": "(?:cancelled|no_show)"/m)
  expect(await notifyd(site, 'protocols', 'test', file, '--update', ...endpoints)).toMatchObject({ status: 0 })
  const unknown = await notifyd(site, 'protocols', 'test', file, '--endpoint', 'elsewhere')
  expect(unknown.out).toContain('failed, threw')
  expect(await notifyd(site, 'protocols', 'test', './none.ts')).toMatchObject({ status: 2 })
})

test('on journaled changes payloads are hashes, unless they are asked for; list says what the config names', async () => {
  const protocol = join(examples, 'appointment-messages.ts')
  await using site = await openSite({ config: { protocols: [protocol] } })
  const [endpoint] = site.config['endpoints'] as [Record<string, unknown>]
  await site.configure({ ...site.config, endpoints: [endpoint, { ...endpoint, name: 'messages' }] })
  const daemon = await site.start()
  const clinic = new Clinic(site.client)
  await clinic.admit()
  await clinic.book()
  const { lsn } = await daemon.line('notification delivered')
  const [{ key } = { key: '' }] = await site.database.query<{ key: string }>('SELECT key FROM patient')
  const args = ['protocols', 'test', protocol, '--journal', '--from', String(lsn)]
  const hidden = await notifyd(site, ...args)
  expect(hidden).toMatchObject({
    status: 0,
    err: '',
    out: expect.stringMatching(/→ messages {2}"sha256 [0-9a-f]{12}"/),
  })
  expect(hidden.out).not.toContain(key)
  expect((await notifyd(site, ...args, '--show-payloads')).out).toContain(key)
  const listed = await notifyd(site, 'protocols', 'list', '--json')
  expect(listedProtocolShape.parse(JSON.parse(listed.out))).toMatchObject([{ name: 'AppointmentMessages' }])
  expect((await notifyd(site, 'protocols', 'list')).out).toContain('on APPOINTMENT')
})
