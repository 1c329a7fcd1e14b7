// Several hosts in database.url, on a real standby and a real primary: every connection goes to the primary.
import { chown, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { exposure } from '../../src/capture/connection.js'
import { openControl } from '../../src/capture/control.js'
import { hostsProblem, hostUrls } from '../../src/capture/hosts.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { createDaemonRole } from '../../testbed/clinical-schema.js'
import { startPostgres } from '../../testbed/postgres.js'

test('a port where nobody listens, a standby, then the primary', async () => {
  const primary = new URL(inject('daemonUrl'))
  await using standby = await startPostgres({ settings: { fsync: 'off' } })
  const { dataDir } = standby
  const admin = new pg.Client(standby.superuserUrl())
  await admin.connect()
  await createDaemonRole(admin, decodeURIComponent(primary.password))
  await admin.end()
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
  expect(hostsProblem(url.replace('primary', 'prefer-standby'))).toContain('not on one that is prefer-standby')
  expect(hostsProblem('postgres:///clinic?host=h1,h2')).toContain('several hosts before the database')
  expect(exposure({ url: 'postgres://u@127.0.0.1,far.example/clinic', tls: null })).toBe('not encrypted')
  expect(exposure({ url: 'postgres://u@127.0.0.1,localhost/clinic', tls: null })).toBeNull()
})
