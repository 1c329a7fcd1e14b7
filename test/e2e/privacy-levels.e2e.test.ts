// At every log level: notifications that arrive and that do not, a protocol that quotes the patient, a database that does, and
// a crash whose error does. Nothing of a patient is in what the daemon and the commands print.
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { openSite, path, seenCount } from '../support/site.js'

const file = (name: string) => new URL(`./fixtures/${name}`, import.meta.url).pathname

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** A database whose own errors quote rows. */
const leaks = `
  CREATE FUNCTION leak(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no key for %', $1; END $$;
  CREATE VIEW leaky AS SELECT id, leak(first_name || last_name || key) AS key FROM patient;
  GRANT SELECT ON leaky TO notifyd`

test('at every level, in success, failure and crash, nothing of a patient is printed', async () => {
  await using site = await openSite()
  const dead = { name: 'dead', url: 'http://127.0.0.1:9/planted?planted', retry_seconds: [] }
  const endpoints = [...(site.config['endpoints'] as object[]), dead]
  const clinic = new Clinic(site.client, { seed: 6 })
  const printed: string[] = []
  const keep = ({ stdout, stderr }: { stdout: string; stderr: string }) => printed.push(stdout, stderr)
  let booked = 0
  for (const level of levels) {
    const protocols = ['trace', 'warn', 'silent'].includes(level) ? [file('quotes-the-patient.ts')] : []
    await site.configure({ ...site.config, endpoints, protocols, log: { level } })
    const crash = booked % 2 === 0 ? 'exception' : 'rejection'
    const daemon = site.spawn(['run'], { NODE_OPTIONS: `--import=${file('crashes.mjs')}`, CRASH: crash })
    // the first one makes the slot
    if (booked === 0) await daemon.line('streaming')
    await clinic.book({ patient: await clinic.admit() })
    booked += 1
    await site.receiver.until((receiver) => seenCount(receiver) === booked, 20_000)
    daemon.kill('SIGUSR2')
    expect([level, await daemon.exited]).toEqual([level, { status: 1, signal: null }])
    expect(daemon.stderr).toMatch(/^notifyd: Error \(23505\): nobody caught this, .*\n +at .*crashes\.mjs:/)
    // Why it ended is the last line at every level.
    if (['fatal', 'silent'].includes(level)) expect(daemon.lines.map(({ msg }) => msg)).toEqual(['ended'])
    keep(daemon)
  }

  await site.client.query(leaks)
  const models = { patient: { table: 'public.leaky' } }
  await site.configure({ ...site.config, endpoints, models, log: { level: 'trace' } })
  const daemon = site.spawn()
  await clinic.book({ patient: await clinic.admit() })
  expect(await daemon.line(({ code }) => code === 'P0001')).toMatchObject({ level: 'warn' })
  const { externalId } = clinic.bookings[0]?.appointments[0] ?? { externalId: '' }
  const commands = [
    ['explain', externalId],
    ['tail'],
    ['status'],
    ['audit'],
    ['dead-letters', 'list'],
    ['run', '--help'],
  ]
  const looks = commands.map(async (args) => {
    const command = site.spawn(args)
    const { status } = await command.exited
    expect([args, status]).toEqual([args, 0])
    keep(command)
  })
  await Promise.all(looks)
  await daemon.stop()
  keep(daemon)

  const all = printed.join('')
  expect(clinic.privateTexts.size).toBeGreaterThan(20)
  expect([...clinic.privateTexts, 'planted', 'whsec_'].filter((text) => all.includes(text))).toEqual([])
  expect(all).toContain(externalId)
  expect(site.receiver.posts.every((post) => post.path === path)).toBe(true)
})
