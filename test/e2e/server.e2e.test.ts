// What the server and the network do to a stream that lives long: a silent path, time limits of the role, a transaction that
// is open when the slot is to be made.
import pg from 'pg'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { TcpPath } from '../../testbed/tcp-path.js'
import { openSite, type Site, seenCount } from '../support/site.js'

const setForRole = (site: Site, setting: string) =>
  site.database.query(`ALTER ROLE notifyd IN DATABASE ${site.database.name} SET ${setting}`)

test('a frozen path is noticed, though nothing says so, and nothing is missed', async () => {
  await using site = await openSite()
  const url = new URL(site.database.url)
  await using path = await TcpPath.start({ host: url.hostname, port: Number(url.port) })
  url.port = String(path.port)
  await site.configure({ ...site.config, database: { url: url.href, slot: site.database.slot } })
  await setForRole(site, "wal_sender_timeout = '1s'")
  const daemon = await site.start()
  path.freeze()
  await new Clinic(site.client).book({ patient: null })
  const noticed = await daemon.line('the stream ended; connecting again', 10_000)
  expect(noticed['code']).toBe('SILENT')
  path.thaw()
  await daemon.line('streaming', 20_000, daemon.lines.findIndex(({ msg }) => msg === 'streaming') + 1)
  await site.receiver.until(() => seenCount(site.receiver) === 1)
})

test('time limits of the role do not end the stream', async () => {
  await using site = await openSite()
  const [{ version } = { version: 0 }] = await site.database.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  )
  // transaction_timeout is unknown before 17: there the others alone are tried.
  const limits = ['statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout']
  if (version >= 170_000) limits.push('transaction_timeout')
  for (const limit of limits) await setForRole(site, `${limit} = '500ms'`)
  const daemon = await site.start()
  await site.database.query('SELECT pg_sleep(1.5)')
  await new Clinic(site.client).book({ patient: null })
  await site.receiver.until(() => seenCount(site.receiver) === 1)
  expect(daemon.lines.filter(({ msg }) => msg === 'streaming')).toHaveLength(1)
  expect(daemon.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
})

test('a transaction that is open at the first start delays the slot, which says so, and is part of what notifies', async () => {
  await using site = await openSite()
  const application = new pg.Client(site.database.superuserUrl)
  await application.connect()
  await application.query('BEGIN; SELECT pg_current_xact_id()')
  const daemon = site.spawn()
  const waiting = await daemon.line(({ code }) => code === '55P03', 30_000)
  expect(waiting.msg).toBe('the database cannot be reached or is not ready; trying again')
  await application.query('COMMIT')
  await application.end()
  await daemon.line('streaming', 30_000)
  await new Clinic(site.client).book({ patient: null })
  await site.receiver.until(() => seenCount(site.receiver) === 1)
})
