// `notifyd protocols list|test` as an author uses them: the examples of the repository, an expectation of one's own, a protocol that
// fails, and the journal of a daemon, whose patients are not shown unless that is asked for.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ConfigError } from '../../src/base/errors.js'
import { overExamples } from '../../src/cli-protocols.js'
import { judgeAppointmentChange } from '../../src/compute/appointment-notification.js'
import { readExamples } from '../../src/terminal/protocol-cases.js'
import { Clinic } from '../../testbed/clinic.js'
import { openSite } from '../support/site.js'
import { linesOf, listedProtocolShape, protocolTestShape } from './shapes.js'

const examples = fileURLToPath(new URL('../../examples/protocols/', import.meta.url))

interface Told {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** Without a config, as an author has none at hand. */
const author = (...args: string[]): Promise<Told> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [cli, 'protocols', ...args], (_, out, err) =>
      resolve({ status: child.exitCode, out, err }),
    )
  })

const log = pino({ level: 'silent' })

/** The same in this process, which is sooner done. */
const here = (file: string, flags: { readonly update?: boolean } = {}) =>
  overExamples(file, { config: '', ...flags }, false, { log })

const tested = async (file: string) => {
  const { text } = await overExamples(file, { config: '', json: true }, false, { log })
  return protocolTestShape.parse(JSON.parse(text))
}

test('the examples make what is expected of them, and their six notifications are the built-in ones', async () => {
  const files = (await readdir(examples)).filter((name) => name.endsWith('.ts')).map((name) => join(examples, name))
  expect(files.length).toBeGreaterThanOrEqual(8)
  const told = await Promise.all(files.map(tested))
  expect(told.map(({ file, good, differences }) => ({ file, good, differences }))).toEqual(
    files.map((file) => ({ file, good: true, differences: [] })),
  )
  expect(told.every(({ expectation }) => expectation !== null)).toBe(true)
  const sending = told.flatMap(({ runs }) => runs.filter(({ notifications }) => notifications.length > 0))
  const states = new Map([
    ['CLD', 'cancelled'],
    ['NSW', 'no_show'],
    ['RVT', 'reverted'],
    ['CVD', 'checked_in'],
  ] as const)
  for (const { name, change } of readExamples(join(examples, 'appointment-webhook.ts.changes.json'), true).cases) {
    const verdict = judgeAppointmentChange(change, states)
    const own = sending.filter((run) => run.change === name && run.protocol === 'AppointmentWebhook')
    const payloads = own.flatMap((run) => run.notifications.map(({ payload }) => JSON.stringify(payload)))
    expect([name, ...payloads]).toEqual([name, ...(verdict.tag === 'notify' ? [JSON.stringify(verdict.payload)] : [])])
  }
  expect(new Set(sending.map(({ protocol }) => protocol)).size).toBe(files.length)
  const listed = await author('list', '--json', ...files)
  expect(listedProtocolShape.parse(JSON.parse(listed.out)).map(({ change_types }) => change_types)).toContainEqual([
    'LAB_REPORT',
  ])
})

const greeter = (text: string) => `
import { CHANGE_TYPE, ClinicalQualityMeasure, ProtocolResult, send_notification } from 'notification-protocol'
export class Greeter extends ClinicalQualityMeasure {
  static override readonly Meta = { title: 'Greets', compute_on_change_types: [CHANGE_TYPE.APPOINTMENT], notification_only: true }
  override async compute_results() {
    const result = new ProtocolResult()
    const { appointment, patient, field_changes: { created, model_name } } = this
    if (!created || model_name !== 'appointment') return result
    this.log.info('greets')
    const known = patient.appointments.length
    result.add_narrative('for ' + patient.patient_key)
    send_notification('desk', { ${text}: patient.patient_key, at: appointment?.start_time, known })
    send_notification('https://127.0.0.1:9/' + patient.patient_key, 'hello')
    return result
  }
}`

test('an expectation: there is none, it is saved, it is met, it is not met', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'greeter.ts')
  await writeFile(file, greeter('hello'))
  const stranger = await here(file)
  expect(stranger.isGood).toBe(false)
  expect(stranger.text).toMatch(
    /✗ created {2}Greeter {2}failed: TypeError: send_notification: neither .*\(greeter\.ts:12\)/,
  )
  await writeFile(join(folder.path, 'greeter.ts.changes.json'), JSON.stringify({ endpoints: ['desk'] }))
  const fresh = await author('test', file)
  expect(fresh).toMatchObject({ status: 0, out: expect.stringContaining('nothing to compare with: --update writes') })
  expect(fresh.err).toContain('greets')
  expect(fresh.out).toContain('→ https://127.0.0.1:9/06669a76329f4577bea114bc50072da6')
  expect(await here(file, { update: true })).toMatchObject({ isGood: true })
  expect(await here(file)).toMatchObject({ isGood: true, text: expect.stringContaining('as expected in') })

  await writeFile(file, greeter('welcome'))
  const changed = await author('test', file)
  expect(changed.status).toBe(1)
  expect(changed.out).toMatch(/^ {2}- +\{?"?hello.*\n {2}\+ +\{?"?welcome/m)
  expect(changed.out).toContain('2 computes not as expected')
  const expectation = join(folder.path, 'greeter.ts.expected.json')
  const saved = JSON.parse(await readFile(expectation, 'utf8')) as { change: string }[]
  await writeFile(expectation, JSON.stringify([{ ...saved[0], change: 'of yesterday' }, ...saved.slice(1)]))
  const told = await tested(file)
  expect(told.differences.map(({ change, kind }) => `${change}: ${kind}`)).toEqual([
    'created: new',
    'rescheduled: replaced by a new appointment: changed',
    'of yesterday: missing',
  ])
  expect((await here(file)).text).toContain('it does not compute on this any more')

  for (const [text, message] of [
    ['{', 'greeter.ts.changes.json: is no JSON'],
    ['{ "changes": [{ "name": "a" }] }', 'changes.0.field_changes: '],
    ['{ "endpoint": [] }', 'Unrecognized key'],
  ] as const) {
    await writeFile(join(folder.path, 'greeter.ts.changes.json'), text)
    await expect(here(file)).rejects.toThrow(message)
    await expect(here(file)).rejects.toThrow(ConfigError)
  }
})

test('over the journal: hashes, unless payloads are asked for; another payload is a difference, a later change is none', async () => {
  await using site = await openSite()
  const file = join(site.home.path, 'greeter.ts')
  await writeFile(file, greeter('hello'))
  const notifyd = async (...args: string[]): Promise<Told> => {
    const command = site.spawn(['protocols', ...args])
    const { status } = await command.exited
    return { status, out: command.stdout, err: command.stderr }
  }
  expect(await notifyd('test', file, '--journal')).toMatchObject({
    status: 1,
    err: expect.stringContaining('no journal'),
  })
  const [endpoint] = site.config['endpoints'] as [Record<string, unknown>]
  const desk = { ...endpoint, name: 'desk', notifications: [] }
  await site.configure({ ...site.config, protocols: ['./greeter.ts'], endpoints: [endpoint, desk] })
  await site.start()
  const clinic = new Clinic(site.client)
  await clinic.admit()
  const { booking } = await clinic.book()
  await clinic.cancel(booking)
  await site.receiver.until(({ delivered }) => delivered.length === 3)
  expect((await notifyd('list')).out).toMatch(/^AppointmentNotification .*\nGreeter /)

  const key = booking.patient?.key ?? ''
  expect(key).not.toBe('')
  const hidden = await notifyd('test', file, '--journal', '--update')
  expect(hidden).toMatchObject({ status: 0, err: '' })
  expect(hidden.out).toMatch(/→ https:\/\/127.0.0.1:9 sha256:[0-9a-f]{16} \(\d+ bytes\)\n +sha256:/)
  const saved = await readFile(join(site.home.path, 'greeter.ts.journal.json'), 'utf8')
  for (const text of clinic.privateTexts) expect(`${hidden.out}${hidden.err}${saved}`).not.toContain(text)
  const shown = await notifyd('test', file, '--journal', '--show-payloads', '--update')
  expect(shown).toMatchObject({ status: 0, out: expect.stringContaining(`"hello": "${key}"`) })
  expect(shown.out).toContain('"known": 1')
  expect(await readFile(join(site.home.path, 'greeter.ts.journal.json'), 'utf8')).toBe(saved)

  await clinic.book({ patient: null })
  await site.receiver.until(({ delivered }) => delivered.length === 5)
  const later = await notifyd('test', file, '--journal')
  expect(later).toMatchObject({ status: 0, out: expect.stringContaining('that only one of the two has') })
  await writeFile(file, greeter('welcome'))
  const other = linesOf(protocolTestShape, (await notifyd('test', file, '--journal', '--json')).out)
  expect(other).toMatchObject([{ good: false, differences: [{ kind: 'changed', protocol: 'Greeter' }] }])
  await writeFile(
    file,
    greeter('welcome').replace('this.log', 'throw new RangeError(String(patient.patient_key)); this.log'),
  )
  const thrown = await notifyd('test', file, '--journal', '--expected', join(site.home.path, 'none.json'))
  expect(thrown).toMatchObject({ status: 1, out: expect.stringContaining('failed: threw RangeError greeter.ts:9') })
  for (const text of clinic.privateTexts) expect(`${thrown.out}${thrown.err}`).not.toContain(text)
  expect(await notifyd('test', file, '--journal', '--from', 'FFFF/0')).toMatchObject({ status: 2 })
})

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'notifyd-author-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
