// Several hosts in database.url, on a real standby and a real primary: every connection goes to the primary.
import { chown, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { exposure } from '../../src/capture/connection.js'
import { openControl } from '../../src/capture/control.js'
import type { WatchedTable } from '../../src/capture/finding.js'
import { hostsProblem, hostUrls } from '../../src/capture/hosts.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { inspectTimeZones } from '../../src/capture/time-zones.js'
import { createDaemonRole } from '../../testbed/clinical-schema.js'
import { startPostgres } from '../../testbed/postgres.js'

const visits: WatchedTable = {
  model: 'appointment',
  schema: 'public',
  table: 'visit',
  columns: [],
  taken: [],
  moments: ['begins'],
  minutes: [],
  published: true,
  needsOldImage: true,
  selected: true,
}

test('a port where nobody listens, a standby, then the primary', async () => {
  const primary = new URL(inject('daemonUrl'))
  await using standby = await startPostgres({ settings: { fsync: 'off', timezone: 'Europe/Berlin' } })
  const { dataDir } = standby
  const admin = new pg.Client(standby.superuserUrl())
  await admin.connect()
  await createDaemonRole(admin, decodeURIComponent(primary.password))
  await admin.query('CREATE TABLE visit (begins timestamp)')
  await admin.end()
  const placed = new URL(primary)
  placed.port = new URL(standby.superuserUrl()).port
  // While it is a primary: what check asks is asked of it too, and not of the first that is named.
  const second = { url: placed.href.replace(placed.host, `127.0.0.1:9,${placed.host}`), tls: null }
  const asked = openControl(second, () => undefined)
  expect(await inspectTimeZones(asked, second, [visits])).toMatchObject([
    { level: 'warn', found: expect.stringContaining('the server or a role has Europe/Berlin') },
  ])
  await asked.close()
  await standby.stop('fast')
  const { uid, gid } = await stat(dataDir)
  await writeFile(join(dataDir, 'standby.signal'), '')
  await chown(join(dataDir, 'standby.signal'), uid, gid)
  await standby.start()
  const { port } = new URL(standby.superuserUrl())

  const of = (hosts: string) => ({
    url: primary.href.replace(primary.host, hosts).concat('?target_session_attrs=read-write'),
    tls: null,
  })
  const all = of(`127.0.0.1:9,127.0.0.1:${port},${primary.host}`)
  const control = openControl(all, () => undefined)
  const { rows } = await control.query<{ port: number }>('SELECT inet_server_port() AS port')
  expect(rows).toEqual([{ port: Number(primary.port) }])
  await control.close()
  await using stream = await ReplicationStream.connect(all)
  await using alone = await ReplicationStream.connect({ url: primary.href, tls: null })
  expect((await stream.identify()).systemIdentifier).toBe((await alone.identify()).systemIdentifier)

  // What no retry mends is said as it is, by the first that says it.
  const stranger = all.url.replace(primary.password, 'wrong')
  await expect(ReplicationStream.connect({ url: stranger, tls: null })).rejects.toMatchObject({ code: '28P01' })

  await expect(ReplicationStream.connect(of(`127.0.0.1:9,127.0.0.1:${port}`))).rejects.toMatchObject({
    code: 'NO_PRIMARY',
    message: `none of the hosts in database.url is the primary now: 127.0.0.1:9 does not answer (ECONNREFUSED), 127.0.0.1:${port} is a standby`,
  })
})

test('the URL of each host, and what is none for us', () => {
  const url = 'postgres://notifyd:a%2Cb@h1:5432,[::1]:5433,h3/clinic?target_session_attrs=primary'
  expect(hostUrls(url)).toEqual([
    'postgres://notifyd:a%2Cb@h1:5432/clinic?target_session_attrs=primary',
    'postgres://notifyd:a%2Cb@[::1]:5433/clinic?target_session_attrs=primary',
    'postgres://notifyd:a%2Cb@h3/clinic?target_session_attrs=primary',
  ])
  expect(hostUrls('postgres:///clinic?host=/run/postgresql')).toEqual(['postgres:///clinic?host=/run/postgresql'])
  expect(hostsProblem(url)).toBeNull()
  expect(hostsProblem(url.replace('primary', 'standby'))).toContain('not on one that is standby')
  expect(hostsProblem(url.replace('primary', 'prefer-standby'))).toContain('not on one that is prefer-standby')
  expect(hostsProblem('postgres:///clinic?host=h1,h2')).toContain('several hosts before the database')
  expect(exposure({ url: 'postgres://u@127.0.0.1,far.example/clinic', tls: null })).toBe('not encrypted')
  expect(exposure({ url: 'postgres://u@127.0.0.1,localhost/clinic', tls: null })).toBeNull()
})
