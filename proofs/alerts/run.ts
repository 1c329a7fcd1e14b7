// `npm run alerts`: a real Prometheus with deploy/prometheus-rules.yml scrapes the daemons of two clinics in one job. One of them
// comes to stand at a gap: NotifydGap fires, of that one alone, and ends when the gap is accepted. Status 1 where it does not.
// Needs `prometheus` on the PATH (Debian: apt-get install prometheus).
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { startPostgres } from '../../testbed/postgres.js'
import { startReceiver } from '../../testbed/receiver.js'
import { UndoStack } from '../../testbed/undo-stack.js'

const rules = fileURLToPath(new URL('../../deploy/prometheus-rules.yml', import.meta.url))
const say = (text: string) => process.stdout.write(`${text}\n`)

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port is free')
  return address.port
}

/** Asks every 200 ms. @throws Error after `withinMs` */
async function until<T>(what: string, withinMs: number, ask: () => Promise<T | null>): Promise<T> {
  const began = performance.now()
  for (;;) {
    const answer = await ask()
    if (answer !== null) {
      say(`${what}: after ${((performance.now() - began) / 1000).toFixed(1)} s`)
      return answer
    }
    if (performance.now() - began > withinMs) throw new Error(`${what}: not within ${withinMs / 1000} s`)
    await sleep(200)
  }
}

/** A clinic's database and its daemon, streaming. */
async function openClinic(undo: UndoStack, receiver: string) {
  const postgres = undo.use(await startPostgres({ settings: { fsync: 'off' } }))
  const sql = async (text: string) => {
    const client = new pg.Client(postgres.superuserUrl())
    await client.connect()
    await client.query(text)
    await client.end()
  }
  const client = new pg.Client(postgres.superuserUrl())
  await client.connect()
  await applyClinicalSchema(client, ['schema', 'publication'])
  await client.end()
  const endpoints = [{ name: 'desk', url: receiver }]
  const home = undo.use(await makeHome({ database: { url: postgres.superuserUrl() }, endpoints }))
  const daemon = undo.use(spawnNotifyd(home))
  const { port } = await daemon.line('status server listening')
  await daemon.line('streaming')
  return { sql, home, instance: `127.0.0.1:${port}` }
}

interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly state: string
}

async function startPrometheus(undo: UndoStack, instances: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-alerts-'))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const config = join(folder, 'prometheus.yml')
  const scrape = [{ job_name: 'notifyd', static_configs: [{ targets: instances }] }]
  const global = { scrape_interval: '1s', evaluation_interval: '1s' }
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ global, rule_files: [rules], scrape_configs: scrape }))
  const url = `127.0.0.1:${await freePort()}`
  const data = `--storage.tsdb.path=${join(folder, 'data')}`
  const prometheus = spawn('prometheus', [`--config.file=${config}`, data, `--web.listen-address=${url}`], {
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => {
    prometheus.once('exit', () => resolve())
    prometheus.once('error', (error) => {
      process.stderr.write(`prometheus does not start (${error.message}): is it installed?\n`)
      resolve()
    })
  })
  undo.defer(async () => {
    prometheus.kill('SIGTERM')
    await ended
  })
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://${url}${path}`).catch(() => null)
    return response?.ok === true ? response.json() : null
  }
  const alerts = async (): Promise<readonly Alert[] | null> => {
    const answer = (await ask('/api/v1/alerts')) as { data: { alerts: Alert[] } } | null
    return answer?.data.alerts ?? null
  }
  const up = async () => {
    const answer = (await ask('/api/v1/query?query=sum(up)')) as {
      data: { result: { value: [number, string] }[] }
    } | null
    return answer?.data.result[0]?.value[1] === String(instances.length) ? true : null
  }
  return { alerts, up }
}

await using undo = new UndoStack()
const receiver = undo.use(await startReceiver({}))
const sound = await openClinic(undo, receiver.url())
const broken = await openClinic(undo, receiver.url())
const prometheus = await startPrometheus(undo, [sound.instance, broken.instance])
await until('both daemons are scraped', 30_000, prometheus.up)
const gaps = async () => (await prometheus.alerts())?.filter(({ labels }) => labels['alertname'] === 'NotifydGap')
if ((await gaps())?.length !== 0) throw new Error('NotifydGap fires, and there is no gap')

await broken.sql('ALTER PUBLICATION notifyd DROP TABLE appointment')
const firing = await until('NotifydGap fires', 60_000, async () => {
  const found = (await gaps())?.filter(({ state }) => state === 'firing') ?? []
  return found.length === 0 ? null : found
})
const instances = firing.map(({ labels }) => labels['instance'])
if (instances.length !== 1 || instances[0] !== broken.instance) throw new Error(`it fires of ${instances.join(', ')}`)
say('it fires of the clinic with the gap, and not of the other')

await broken.sql('ALTER PUBLICATION notifyd ADD TABLE appointment')
const accepting = undo.use(spawnNotifyd(broken.home, ['gaps', 'accept']))
await accepting.exited
await until('accepted, it ends', 30_000, async () => ((await gaps())?.length === 0 ? true : null))
await until('and the daemon is ready again', 60_000, async () =>
  (await fetch(`http://${broken.instance}/health/ready`)).ok ? true : null,
)
