// `npm run image:steps`: the Dockerfile's steps where there is no Docker. Carries them out in a temporary folder, then starts
// what came of it as the image's user, with docker-compose's config, against a real PostgreSQL and docker-compose's receiver:
// two notifications have to arrive, the health check has to pass, SIGTERM has to end it. Everything it starts it stops.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { parse } from 'yaml'
import { startPostgres } from '../testbed/postgres.js'
import { carryOut } from './dockerfile-stages.js'

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly environment: Record<string, string>; readonly volumes: string[] }>
  >
}

const repository = fileURLToPath(new URL('..', import.meta.url))
const say = (line: string) => void process.stdout.write(`${line}\n`)
const folder = await mkdtemp(join(tmpdir(), 'notifyd-image-'))
const children: ChildProcess[] = []

/** The same node as runs this script stands for the base image's. */
const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }

/** RUN steps find npm's registry and cache as whoever runs this finds them. */
const ownEnvironment = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

function start(command: readonly string[], more: Readonly<Record<string, string>>, user: string, cwd: string) {
  const [file = '', ...args] = command
  const [uid = 0, gid = uid] = user.split(':').map(Number)
  const as = process.getuid?.() === 0 ? { uid, gid } : {}
  const child = spawn(file, args, { cwd, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'inherit'], ...as })
  children.push(child)
  return child
}

/** Resolves when `count` of its lines satisfied `matches`. */
async function lines(child: ChildProcess, matches: (line: string) => boolean, count = 1): Promise<string[]> {
  const found: string[] = []
  if (child.stdout === null) return found
  for await (const line of createInterface({ input: child.stdout })) {
    if (matches(line)) found.push(line)
    if (found.length === count) return found
  }
  throw new Error('it ended before')
}

async function main(): Promise<void> {
  await chmod(folder, 0o755)
  const stage = await carryOut({ repository, folder, env: { ...ownEnvironment(), ...env }, say })
  const inStage = (path: string) => (path.startsWith('/') ? join(stage.root, path) : path)

  const { services } = parse(await readFile(join(repository, 'docker-compose.yml'), 'utf8')) as Compose
  await using postgres = await startPostgres({ major: 18 })
  await postgres.createDatabase('clinic')
  const client = new pg.Client(postgres.superuserUrl('clinic'))
  await client.connect()
  const sql = async (file: string) => client.query(await readFile(join(repository, file), 'utf8'))
  const scripts = services['database']?.volumes.filter((one) => one.includes('/docker-entrypoint-initdb.d/')) ?? []
  for (const script of scripts) await sql(script.split(':')[0] ?? '')
  say(`PostgreSQL 18 with ${scripts.length} scripts of docker-compose.yml`)

  const receiver = start(
    ['node', join(repository, 'deploy/compose/receiver.mjs')],
    { ...services['receiver']?.environment, PORT: '0' },
    '1000:1000',
    '/',
  )
  const [listening = ''] = await lines(receiver, (line) => line.includes('listening'))
  const receiverUrl = `http://127.0.0.1:${(JSON.parse(listening) as { listening: number }).listening}`

  const port = await freePort()
  const config = JSON.parse(await readFile(join(repository, 'deploy/compose/config.json'), 'utf8')) as {
    journal: { url: string }
    http: object
  }
  config.journal.url = inStage(config.journal.url)
  config.http = { host: '127.0.0.1', port }
  await mkdir(inStage('/etc/notifyd'), { recursive: true })
  await writeFile(inStage('/etc/notifyd/config.json'), JSON.stringify(config))

  const address = new URL(postgres.superuserUrl('clinic'))
  const given = new URL(services['notifyd']?.environment['DATABASE_URL'] ?? '')
  address.username = given.username
  address.password = given.password
  const settings = { ...services['notifyd']?.environment, DATABASE_URL: address.href, RECEIVER_URL: receiverUrl }
  const command = [...stage.entrypoint, ...stage.command].map(inStage)
  const daemon = start(command, { ...stage.env, ...settings }, stage.user, inStage(stage.workdir))
  const received = lines(receiver, (line) => line.includes('"signed":true'), 2)
  received.catch(() => undefined)
  await lines(daemon, (line) => line.includes('"msg":"streaming"'))
  daemon.stdout?.resume()
  await sql('deploy/compose/book.sql')
  for (const line of await received) say(`receiver: ${line}`)

  const healthcheck = stage.healthcheck.map((part) => part.replace(':9464', `:${port}`))
  const [healthy] = (await once(start(healthcheck, stage.env, stage.user, '/'), 'exit')) as [number | null]
  const journal = await stat(config.journal.url)
  daemon.kill('SIGTERM')
  const [status] = (await once(daemon, 'exit')) as [number | null]
  await client.end()
  say(
    `as ${stage.user}: health check ${healthy}, exit status after SIGTERM ${status}, journal ${(journal.mode & 0o777).toString(8)} of ${journal.uid}`,
  )
  if (healthy !== 0 || status !== 0) throw new Error('it does not run as it should')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
}
