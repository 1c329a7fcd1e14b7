// A physical standby of a server, streaming from it by a slot of its own, to which PostgreSQL 17 and newer copy the failover slots
// of the primary. In: a running primary. Out: a second cluster, running and read-only until it is promoted.
import { appendFile, chown, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { TestPostgres } from './postgres.js'

/** The standby's slot on the primary, which decoding waits for. */
const physicalSlot = 'standby'

/**
 * The primary is stopped for a moment to copy its data. Make it before the daemon makes its slot, since the copy has what slots
 * there were.
 */
export async function startStandby(primary: TestPostgres): Promise<TestPostgres> {
  await primary.stop('fast')
  const standby = await primary.copy()
  await primary.start()
  await onServer(primary, async (client) => {
    await client.query('SELECT pg_create_physical_replication_slot($1, true)', [physicalSlot])
    await client.query(`ALTER SYSTEM SET synchronized_standby_slots = '${physicalSlot}'`)
    await client.query('SELECT pg_reload_conf()')
  })
  const { hostname, port, username, password } = new URL(primary.superuserUrl())
  const settings = {
    primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password} dbname=postgres`,
    primary_slot_name: physicalSlot,
    hot_standby_feedback: 'on',
    sync_replication_slots: 'on',
    wal_receiver_status_interval: '1s',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`)
  await appendFile(join(standby.dataDir, 'postgresql.conf'), lines.join(''))
  const signal = join(standby.dataDir, 'standby.signal')
  const { uid, gid } = await stat(standby.dataDir)
  await writeFile(signal, '')
  await chown(signal, uid, gid)
  await standby.start()
  return standby
}

/** Whether the standby has the slot as one that outlives its promotion. */
export async function isSynced(standby: TestPostgres, slot: string): Promise<boolean> {
  const query = 'SELECT FROM pg_replication_slots WHERE slot_name = $1 AND synced AND NOT temporary'
  return onServer(standby, async (client) => (await client.query(query, [slot])).rowCount === 1)
}

/** Resolves when it takes writes. */
export async function promoteStandby(standby: TestPostgres): Promise<void> {
  await onServer(standby, (client) => client.query('SELECT pg_promote(true, 60)'))
}

async function onServer<T>(server: TestPostgres, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(server.superuserUrl())
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
