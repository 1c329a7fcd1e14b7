// The commands that only look, over a journal with something delivered, something retried, something dead, a protocol that
// throws a patient's name, and a replay: with the daemon running, and the same when it is stopped.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { accept, answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import { openSite, path, type Site } from '../support/site.js'
import { disclosureShape, explainShape, linesOf, statusShape } from './shapes.js'

const thrower = `
import { CHANGE_TYPE, ClinicalQualityMeasure } from 'notification-protocol'
export class Thrower extends ClinicalQualityMeasure {
  static Meta = { title: 'Throws', compute_on_change_types: [CHANGE_TYPE.APPOINTMENT], notification_only: true }
  compute_results() { throw new Error('Ada Byron cannot come') }
}`

async function notifyd(site: Site, ...args: string[]) {
  const command = site.spawn(args)
  const { status } = await command.exited
  return { status, out: command.stdout, err: command.stderr }
}

test('what was sent, why, and what was not', async () => {
  await using site = await openSite({ config: { protocols: ['./thrower.ts'] } })
  await writeFile(join(site.home.path, 'thrower.ts'), thrower)
  const [endpoint] = site.config['endpoints'] as [Record<string, unknown>]
  const other = {
    ...endpoint,
    name: 'desk',
    url: site.receiver.url('/desk'),
    retry_seconds: [],
    notifications: ['created'],
  }
  await site.configure({ ...site.config, endpoints: [{ ...endpoint, retry_seconds: [0.1, 0.1] }, other] })
  site.receiver.program(path, [answer(503), accept])
  site.receiver.program('/desk', () => answer(400))
  const daemon = await site.start()
  const clinic = new Clinic(site.client)
  const { booking } = await clinic.book({ patient: null })
  await clinic.cancel(booking)
  const {
    rows: [note],
  } = await site.client.query('INSERT INTO note (provider_id, note_type_id) VALUES (1, 1) RETURNING id')
  await site.client.query(`INSERT INTO note_state_change_event (note_id, state) VALUES ($1, 'CLD')`, [note.id])
  await site.receiver.until(({ delivered }) => delivered.length === 2)
  await daemon.line('notification dead')
  const sent = await daemon.line(
    ({ msg, notification }) => msg === 'notification delivered' && notification === 'cancelled',
  )
  const uuid = String(sent['appointment_external_id'])

  for (const how of ['running', 'stopped']) {
    if (how === 'stopped') await site.stopAll()
    const tailed = linesOf(disclosureShape, (await notifyd(site, 'tail', '--json')).out)
    const told = tailed.map(({ notification, endpoint: to, attempt, outcome, status, error }) =>
      [notification, to, attempt, outcome, status, error].join(' '),
    )
    expect([how, ...told.toSorted()]).toEqual([
      how,
      'cancelled scheduling 1 delivered 204 ',
      'created desk 1 dead 400 http 400',
      'created scheduling 1 retry 503 http 503',
      'created scheduling 2 delivered 204 ',
    ])

    const cancelled = tailed.find(({ notification }) => notification === 'cancelled')
    const explained = await notifyd(site, 'explain', cancelled?.webhook_id ?? '', '--json')
    expect(explainShape.parse(JSON.parse(explained.out))).toMatchObject([
      {
        lsn: cancelled?.lsn,
        model: 'notestatechangeevent',
        operation: 'insert',
        appointment_external_id: uuid,
        resolved_from: 'image',
        protocols: [
          { protocol: 'AppointmentNotification', decision: 'notified: cancelled' },
          { protocol: 'Thrower', decision: 'failed: it threw' },
        ],
        deliveries: [{ state: 'delivered', attempts: [{ attempt: 1, replay: false, status: 204 }] }],
      },
    ])
    const whole = await notifyd(site, 'explain', uuid.toUpperCase())
    expect(whole.out).toContain('attempt 1  ')
    expect(whole.out).toMatch(/created → desk #1 {2}dead/)
    expect(whole.out).not.toContain('Byron')
    expect((await notifyd(site, 'explain', uuid, '--protocol-errors')).out).toContain('Ada Byron cannot come')
  }
  expect(await notifyd(site, 'explain', 'msg_unknown')).toMatchObject({
    status: 1,
    out: expect.stringContaining('nothing of it in the journal'),
  })
  expect(await notifyd(site, 'explain', 'FFFF/0')).toMatchObject({
    status: 1,
    out: expect.stringContaining('not yet'),
  })
  expect(await notifyd(site, 'explain', '0/1')).toMatchObject({
    status: 1,
    out: expect.stringContaining('the journal is whole from'),
  })

  const standing = await notifyd(site, 'status', '--json')
  expect(statusShape.parse(JSON.parse(standing.out))).toMatchObject({
    daemon: { answers: false },
    slot: { answers: true, active: false, lag_bytes: expect.any(Number) },
    journal: {
      endpoints: [{ endpoint: 'desk', owed: 0, dead: 1, last_error: 'http 400' }],
      attempts_last_minute: { delivered: 2, failed: 2 },
    },
  })
  const { url } = site.config['database'] as { url: string }
  const elsewhere = url.replace(/:\d+\//, ':9/')
  await site.configure({ ...site.config, database: { url: elsewhere }, http: { port: 9 } })
  const alone = await notifyd(site, 'status')
  expect(alone).toMatchObject({ status: 0, err: '' })
  expect(alone.out).toContain('the database does not answer (ECONNREFUSED)')
  expect(alone.out).toContain('nobody answers at 127.0.0.1:9 (ECONNREFUSED)')
  expect(alone.out).toMatch(/1 dead letter\b(?!s)/)
  await site.configure(site.config)

  const all = linesOf(disclosureShape, (await notifyd(site, 'tail', '--json', '--from', String(sent['lsn']))).out)
  expect(all.map(({ notification }) => notification)).toEqual(['cancelled'])
  const filtered = await notifyd(site, 'tail', '--json', '--endpoint', 'desk', '--appointment', uuid.toUpperCase())
  expect(linesOf(disclosureShape, filtered.out)).toHaveLength(1)
  expect((await notifyd(site, 'tail', '-n', '1')).out).not.toContain('\u001b')

  const audit = await notifyd(site, 'audit', '--from', '2020-01-01', '--to', '2100-01-01')
  const [header, ...rows] = audit.out.trimEnd().split('\n')
  expect(header).toBe(
    'sent_at,endpoint,notification,webhook_id,appointment_external_id,sequence,lsn,attempt,replay,outcome,status,error',
  )
  expect(rows).toHaveLength(4)
  expect(rows[0]).toMatch(
    /^\d{4}-.*,(scheduling|desk),created,msg_[\w-]+,[0-9a-f-]{36},1,[0-9A-F]+\/[0-9A-F]+,1,false,(retry,503|dead,400),http \d+$/,
  )
  expect(linesOf(disclosureShape, (await notifyd(site, 'audit', '--json')).out)).toHaveLength(4)
  expect((await notifyd(site, 'audit', '--to', '2020-01-01')).out).toBe(`${header}\n`)
  expect(await notifyd(site, 'audit', '--from', 'soon')).toMatchObject({ status: 2 })
})

test('tail --follow goes on as POSTs are made, replays too; Ctrl-C ends it with 0', async () => {
  await using site = await openSite()
  expect(await notifyd(site, 'tail')).toMatchObject({ status: 1, err: expect.stringContaining('there is no journal') })
  const daemon = await site.start()
  const port = Number((await daemon.line('status server listening'))['port'])
  await site.configure({ ...site.config, http: { port } })
  const { daemon: live } = statusShape.parse(JSON.parse((await notifyd(site, 'status', '--json')).out))
  expect(live).toMatchObject({ answers: true, phase: 'streaming', last_error: null, received_lsn: expect.any(String) })
  const following = site.spawn(['tail', '--follow', '--json'])
  const clinic = new Clinic(site.client)
  await clinic.book({ patient: null })
  const line = await daemon.line('notification delivered')
  await following.line((told) => told['notification'] === 'created')
  await notifyd(site, 'replay', '--from', String(line['lsn']))
  const replayed = await following.line((told) => told['replay'] === true)
  expect(disclosureShape.parse(replayed)).toMatchObject({ webhook_id: line['webhook_id'], outcome: 'delivered' })
  expect(await following.stop('SIGINT')).toMatchObject({ status: 0 })
  const explained = await notifyd(site, 'explain', String(line['lsn']), '--json')
  const changes = explainShape.parse(JSON.parse(explained.out))
  expect(changes.flatMap(({ deliveries }) => deliveries)).toMatchObject([
    { attempts: [{ replay: false }, { attempt: 1, replay: true, status: 204 }] },
  ])
})
