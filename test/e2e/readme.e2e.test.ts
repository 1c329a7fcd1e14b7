// The README's own commands, as a newcomer would give them: an empty folder, a PostgreSQL fresh from initdb with a clinic's
// tables, the config of ten lines, and at the end a delivered notification. Only addresses are the test's.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import { startPostgres } from '../../testbed/postgres.js'
import { startReceiver } from '../../testbed/receiver.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { until } from '../support/condition.js'
import { path } from '../support/site.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What psql does here, where no psql is installed: the SQL of -c, or of stdin. */
const psql = `#!/usr/bin/env node
import pg from ${JSON.stringify(import.meta.resolve('pg'))}
import { text } from 'node:stream/consumers'
const [url, flag, sql] = process.argv.slice(2)
const client = new pg.Client(url)
await client.connect()
await client.query(flag === '-c' ? sql : await text(process.stdin))
await client.end()
`

const blocks = (readme: string, language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block)

async function openPlace() {
  await using undo = new UndoStack()
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const postgres = undo.use(await startPostgres({ settings: { fsync: 'off' } }))
  const client = new pg.Client(postgres.superuserUrl())
  await client.connect()
  undo.defer(() => client.end())
  await applyClinicalSchema(client, ['schema'])
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const receiver = undo.use(await startReceiver({ secrets: [secret] }))
  const folder = await mkdtemp(join(tmpdir(), 'notifyd readme '))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin', 'psql.mjs'), psql)
  await chmod(join(folder, 'bin', 'psql.mjs'), 0o755)
  await symlink('psql.mjs', join(folder, 'bin', 'psql'))
  // What `npm install --global .` links.
  await writeFile(join(folder, 'bin', 'notifyd'), `#!/bin/sh\nexec node ${join(root, 'dist', 'cli.js')} "$@"\n`)
  await chmod(join(folder, 'bin', 'notifyd'), 0o755)
  const config = blocks(readme, 'json').find((block) => block.includes('"endpoints"')) ?? ''
  const here = config.replace('http://127.0.0.1:8090/appointments', receiver.url(path))
  // The port of the status server may be taken here.
  const elsewhere = here.replace(/\n}\n$/, ',\n  "http": { "port": 0 }\n}\n')
  const configure = (change: (config: string) => string) => writeFile(join(folder, 'config.json'), change(elsewhere))
  await configure((config) => config)
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
    ADMIN_URL: postgres.superuserUrl(),
    DATABASE_URL: postgres.urlFor('notifyd', 'choose-one', 'postgres'),
    SCHEDULING_SECRET: secret,
  }
  const resources = undo.move()
  const started: ChildProcess[] = []
  resources.defer(async () => {
    for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  })
  const shell = (line: string): ChildProcess => {
    const child = spawn('bash', ['-c', `set -o pipefail; exec 2>&1; ${line}`], { cwd: folder, env, stdio: 'pipe' })
    started.push(child)
    return child
  }
  return { readme, receiver, client, shell, configure, [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose]() }
}

async function finished(child: ChildProcess): Promise<{ status: number | null; out: string }> {
  if (child.stdout === null) throw new Error('its output is piped')
  const [out, [status]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>])
  return { status, out }
}

/** Resolves when the daemon streams. */
async function streaming(child: ChildProcess): Promise<{ stop: () => Promise<void> }> {
  const ended = finished(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => String(chunk).includes('"msg":"streaming"') && resolve())
    ended.then(({ out }) => reject(new Error(out)), reject)
  })
  const stop = async () => {
    child.kill('SIGTERM')
    expect((await ended).status).toBe(0)
  }
  return { stop }
}

test('an empty folder and a fresh PostgreSQL become a delivered notification by the README’s commands', async () => {
  await using place = await openPlace()
  const commands = (blocks(place.readme, 'sh').find((block) => block.includes('setup --print-sql')) ?? '')
    .trim()
    .split('\n')
    // Installing is what brought us here; the addresses and the receiver are the test's own.
    .filter((line) => !/^(?:npm|export|cat|END|chmod|notifyd listen)\b/.test(line))
  expect(commands.map((line) => line.split(' ').slice(0, 3).join(' ').trim())).toEqual([
    'psql "$ADMIN_URL" -c',
    'notifyd setup --print-sql',
    'notifyd check --send-test',
    'notifyd run',
  ])
  // What the README shows of the role is what setup prints; of 18, whose option for generated columns it names below.
  const oneLine = (sql: string) => sql.replaceAll(/\s+/g, ' ')
  const printed = oneLine((await finished(place.shell('notifyd setup --print-sql --database-url "$ADMIN_URL"'))).out)
  const shown = (blocks(place.readme, 'sql')[0] ?? '')
    .replaceAll(/^--.*$/gm, '')
    .split(';')
    .map(oneLine)
  const statements = shown.map((sql) => sql.trim().replace('DATABASE clinic', 'DATABASE postgres')).filter(Boolean)
  expect(statements.slice(1).filter((sql) => !printed.includes(sql))).toEqual([])
  expect(statements.length).toBeGreaterThan(7)
  for (const line of commands.slice(0, -1)) {
    const { status, out } = await finished(place.shell(line))
    expect([line, status, out.includes('✗') ? out : '']).toEqual([line, 0, ''])
  }
  expect(place.receiver.posts.map(({ notification }) => notification)).toEqual(['test'])
  const run = commands.at(-1) ?? ''
  const clinic = new Clinic(place.client)

  // Without a hole: what is committed while the endpoint is not enabled is owed, and sent when it is.
  await place.configure((config) => config.replace('"name":', '"enabled": false, "name":'))
  const waiting = await streaming(place.shell(`exec ${run}`))
  await clinic.book({ patient: null })
  await until(async () => /1 owed/.test((await finished(place.shell('notifyd status'))).out))
  await waiting.stop()
  expect(place.receiver.posts).toHaveLength(1)

  await place.configure((config) => config)
  const daemon = await streaming(place.shell(`exec ${run}`))
  await clinic.book({ patient: null })
  await place.receiver.until(({ delivered }) => delivered.length === 3)
  expect(place.receiver.posts.map(({ notification }) => notification)).toEqual(['test', 'created', 'created'])
  expect(place.receiver.faults).toEqual([])
  await daemon.stop()

  const [, undoing = ''] = /`(setup --undo [^`]+)`/.exec(place.readme) ?? []
  expect((await finished(place.shell(`notifyd ${undoing}`))).status).toBe(0)
  const left = `SELECT slot_name FROM pg_replication_slots UNION ALL SELECT pubname FROM pg_publication
    UNION ALL SELECT relname FROM pg_class WHERE relreplident = 'f'`
  expect((await place.client.query(left)).rows).toEqual([])
  // Ten processes one after another: on a busy machine that is a minute.
}, 120_000)
