// TLS to a real PostgreSQL that asks for it and for a client certificate: every connection is verified in full, what is wrong
// is said with what mends it, and nothing ever goes on without TLS.
import { chown, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { applyClinicalSchema, createDaemonRole } from '../../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { startPostgres, type TestPostgres } from '../../testbed/postgres.js'
import { startReceiver } from '../../testbed/receiver.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { seenCount } from '../support/site.js'

const fixture = (name: string) => fileURLToPath(new URL(`../send/fixtures/${name}.pem`, import.meta.url))
const [ca_file, client, stranger] = [fixture('ca'), fixture('client'), fixture('far')]
const certificate = { cert_file: client, key_file: client }

const rules = `
hostssl all notifyd all scram-sha-256 clientcert=verify-ca
host all lenient all scram-sha-256
host all postgres all scram-sha-256
`

/** Certificates and rules go into the server's folder, as its own files; a reload brings them into force. */
async function secured(postgres: TestPostgres, superuser: pg.Client) {
  const { uid, gid } = await stat(postgres.dataDir)
  const put = async (name: string, text: string) => {
    const path = join(postgres.dataDir, name)
    await writeFile(path, text, { mode: 0o600 })
    await chown(path, uid, gid)
  }
  await put('ca.pem', await readFile(ca_file, 'utf8'))
  await put('pg_hba.conf', rules)
  const files = { ssl_cert_file: 'server.pem', ssl_key_file: 'server.pem', ssl_ca_file: 'ca.pem' }
  for (const [key, name] of Object.entries(files)) await superuser.query(`ALTER SYSTEM SET ${key} = '${name}'`)
  return async (server: string | null) => {
    if (server !== null) await put('server.pem', await readFile(fixture(server), 'utf8'))
    await superuser.query(`ALTER SYSTEM SET ssl = ${server === null ? 'off' : 'on'}`)
    await superuser.query('SELECT pg_reload_conf()')
  }
}

test('every connection to the database is verified in full, and none ever goes on without TLS', async () => {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { fsync: 'off' } }))
  const superuser = new pg.Client(postgres.superuserUrl())
  await superuser.connect()
  undo.defer(() => superuser.end())
  await createDaemonRole(superuser, 'p')
  await applyClinicalSchema(superuser)
  // Could be reached without TLS: only the daemon itself refuses to.
  await superuser.query("CREATE ROLE lenient LOGIN REPLICATION PASSWORD 'p' IN ROLE notifyd")
  const show = await secured(postgres, superuser)
  await show('server')
  const receiver = undo.use(await startReceiver())

  const url = (role = 'notifyd', host = 'localhost') => `postgres://${role}:p@${host}:${postgres.port}/postgres`
  const run = async (database: object, args = ['run'], env = {}) => {
    const endpoints = [{ name: 'scheduling', url: receiver.url() }]
    const home = undo.use(await makeHome({ database, endpoints }))
    return undo.use(spawnNotifyd(home, args, env))
  }
  /** Exit status and what was said. */
  const ended = async (database: object, env = {}) => {
    const daemon = await run(database, ['run'], env)
    const { status } = await daemon.exited
    return `${status} ${daemon.stderr}`
  }

  await superuser.query('INSERT INTO appointment (provider_id) SELECT 1 FROM generate_series(1, 3000)')
  const daemon = await run({ url: url(), tls: { ca_file, ...certificate } })
  await daemon.line('streaming')
  // More than the stream holds in memory, so that the socket is paused and read on under TLS.
  await superuser.query("UPDATE appointment SET comment = repeat('x', 2000)")
  await new Clinic(superuser, { seed: 1 }).book({ patient: null })
  await receiver.until(() => seenCount(receiver) === 1)
  const { rows } = await superuser.query(
    `SELECT backend_type, ssl, client_dn FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
      WHERE application_name = 'notifyd' GROUP BY 1, 2, 3 ORDER BY 1`,
  )
  const verified = { ssl: true, client_dn: '/CN=notifyd test client' }
  expect(rows).toEqual([
    { backend_type: 'client backend', ...verified },
    { backend_type: 'walsender', ...verified },
  ])
  expect((await daemon.stop()).status).toBe(0)

  // The same by libpq's words in the URL; by address it is another name.
  const words = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: ca_file, sslcert: client, sslkey: client })
  const insecure = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
  const slot = 'x'
  const byUrl = run({ url: `${url()}?${words}`, slot }, ['check'])
  const endings = await Promise.all([
    ended({ url: url(), tls: { ca_file: stranger, ...certificate } }, insecure),
    ended({ url: url('notifyd', '127.0.0.1'), tls: { ca_file, ...certificate } }),
    ended({ url: url(), tls: { ca_file } }),
    ended({ url: url(), tls: { ca_file, cert_file: stranger, key_file: stranger } }),
    ended({ url: url() }),
    ended({ url: `${url()}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem` }),
  ])
  const authority =
    /^3 [\s\S]*\n {2}to mend it: the server’s certificate is not of an authority .* database\.tls\.ca_file/m
  const name = /^3 [\s\S]*\n {2}to mend it: the server’s certificate is for another name/m
  const refused =
    /^3 [\s\S]*\n {2}to mend it: the server refuses this role, .* database\.tls \(cert_file and key_file\)/m
  const unknown = /^3 [\s\S]*\n {2}to mend it: the server refuses our client certificate/m
  const lost = /^2 .*database\.url: the file \/nowhere\/ca\.pem of it cannot be read \(ENOENT\)/m
  const expected = [authority, name, refused, unknown, refused, lost]
  for (const [index, pattern] of expected.entries()) expect(endings[index]).toMatch(pattern)
  const checked = await byUrl
  await checked.exited
  expect(checked.stdout).toContain('server version')

  await show('expired')
  expect(await ended({ url: url(), tls: { ca_file, ...certificate } })).toMatch(
    /^3 [\s\S]*\n {2}to mend it: .*out of date/m,
  )

  // A server without TLS, and a role that may come without: asked again and again with the reason, and never in plain.
  await show(null)
  const waiting = await run({ url: url('lenient'), slot: 'lenient', tls: { ca_file } })
  const again = (line: object) => 'retry_in_ms' in line
  expect(await waiting.line(again)).toMatchObject({ reason: 'The server does not support SSL connections' })
  await waiting.line(again, 20_000, waiting.lines.findIndex(again) + 1)
  const { rows: plain } = await superuser.query("SELECT FROM pg_stat_activity WHERE usename = 'lenient'")
  expect(plain).toEqual([])
  await show('server')
  await waiting.line('streaming')
})
