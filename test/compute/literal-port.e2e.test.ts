// A protocol that was ported from the workflow kit line by line, in the daemon: it finds its appointment as the kit's does; what the
// kit has and the SDK lacks is a failure that names it; and what never computes is told wherever protocols are loaded.
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { openSite } from '../support/site.js'

const fixture = fileURLToPath(new URL('./fixtures/literal-port.ts', import.meta.url))

test('a literal port finds the appointment of a state change; a member that is not there is named, and nothing is sent', async () => {
  await using site = await openSite()
  await copyFile(fixture, join(site.home.path, 'literal-port.ts'))
  const [endpoint] = site.config['endpoints'] as [Record<string, unknown>]
  const desk = { ...endpoint, name: 'desk', notifications: [] }
  await site.configure({ ...site.config, protocols: ['./literal-port.ts'], endpoints: [endpoint, desk] })
  const daemon = await site.start()
  const idle = await daemon.line('protocol never computes: its Meta names no change types')
  expect(idle).toMatchObject({ level: 'warn', protocol: 'Idle' })
  expect(await daemon.line('protocol is skipped: its enabled() is false')).toMatchObject({ protocol: 'Sleeper' })

  const clinic = new Clinic(site.client)
  await clinic.admit()
  const { booking } = await clinic.book()
  const externalId = booking.appointments[0]?.externalId ?? ''
  await clinic.cancel(booking)
  await site.receiver.until(({ delivered }) => delivered.some(({ notification }) => notification === 'LiteralPort'))
  const found = site.receiver.posts.find(({ notification }) => notification === 'LiteralPort')
  expect(found?.body).toEqual({
    canvas_patient_key: booking.patient?.key,
    appointment_external_id: externalId,
    now: 'CLD',
    cancelled: true,
  })

  await site.client.query("INSERT INTO note_state_change_event (note_id, state) VALUES ($1, 'UND')", [booking.noteId])
  expect(await daemon.line('protocol failed')).toMatchObject({ protocol: 'LiteralPort', error: 'TypeError' })
  const run = async (...args: string[]) => {
    const command = site.spawn(args)
    await command.exited
    return command.stdout
  }
  const explained = await run('explain', externalId, '--protocol-errors')
  expect(explained).toContain('this SDK has no patient.first_name: patient has patient_key, patient, appointments')
  expect(site.receiver.posts.filter(({ notification }) => notification === 'LiteralPort')).toHaveLength(1)

  const [checked, listed] = await Promise.all([run('check'), run('protocols', 'list')])
  expect(checked).toMatch(/! protocol Idle +loads, and never computes: its Meta names no compute_on_change_types/)
  expect(checked).toMatch(/✓ protocol Sleeper +is skipped: its enabled\(\) is false/)
  expect(checked).toMatch(/✓ protocol Base +is abstract/)
  expect(listed).toMatch(/^LiteralPort v1\.0\.0 +APPOINTMENT +literal-port\.ts +Appointment Notification *$/m)
  expect(listed).toMatch(/^Idle v1\.0\.0 +never/m)
  expect(listed).toContain('! Idle never computes')
  expect(await readFile(fixture, 'utf8')).toContain('state.id === id')
})
