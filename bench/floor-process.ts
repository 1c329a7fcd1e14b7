// The floor of latency: a commit is decoded, written to a plain file and fsynced, and POSTed. No order, no retries, no state.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import pg from 'pg'
import { PgoutputPlugin } from 'pg-logical-replication'
import { type Dispatcher, Pool } from 'undici'

const [url = '', slot = '', origin = '', file = ''] = process.argv.slice(2)
const log = openSync(file, 'a', 0o600)
const pool = new Pool(origin, { connections: 16, pipelining: 1 })
const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['notifyd'] })
const handler: Dispatcher.DispatchHandler = { onRequestStart: () => undefined, onResponseError: () => undefined }
const config = { connectionString: url, replication: 'database' }
const client = new pg.Client(config)
client.on('error', () => undefined)
await client.connect()
const { connection } = client
let committedAt = ''
let row: Record<string, unknown> | null = null

function post(body: string): void {
  writeSync(log, `${body}\n`)
  fdatasyncSync(log)
  const headers = ['content-type', 'application/json', 'notification-committed-at', committedAt]
  pool.dispatch({ path: '/floor', method: 'POST', headers, body }, handler)
}

connection.on('copyData', ({ chunk }: { chunk: Buffer }) => {
  if (chunk[0] !== 0x77) return
  const message = plugin.parse(chunk.subarray(25))
  if (message.tag === 'begin') {
    const micros = BigInt(String(message.commitTime))
    const seconds = new Date(Number(micros / 1000n)).toISOString().slice(0, -5)
    committedAt = `${seconds}.${String(micros % 1_000_000n).padStart(6, '0')}Z`
  } else if (message.tag === 'insert') row = message.new
  else if (message.tag === 'commit' && row !== null) {
    post(
      JSON.stringify({
        appointment_external_id: row['externally_exposable_id'],
        start_time: row['start_time'],
        created: true,
      }),
    )
    row = null
  }
})
process.on('SIGTERM', () => {
  closeSync(log)
  process.exit(0)
})
process.stdout.write('ready\n')
client
  .query(`START_REPLICATION SLOT "${slot}" LOGICAL 0/0 (proto_version '1', publication_names '"notifyd"')`)
  .catch(() => process.exit(1))
