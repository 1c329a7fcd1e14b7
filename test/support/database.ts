// A database for one test. In: nothing. Out: a fresh database on the run's server with the clinic's schema, and a slot
// name that nobody else uses; disposing of it drops its slots, however busy, and cuts its connections. The database itself
// goes with the server: thousands of files created and removed took a tenth of the run's CPU.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { applyClinicalSchema, type ClinicalMigration } from '../../testbed/clinical-schema.js'
import { until } from './condition.js'

export interface TestDatabase extends AsyncDisposable {
  /** The daemon's role, with the grants of migrations/clinical/003-role.sql and no more. */
  readonly url: string
  readonly superuserUrl: string
  readonly name: string
  /** Names of slots are the cluster's, so every test needs its own. */
  readonly slot: string
  /** Runs SQL as the superuser (several statements only where there are no parameters). Resolves to the rows. */
  query<Row extends pg.QueryResultRow>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>
}

export interface TestDatabaseOptions {
  /** Which of the clinic's migrations to apply; default: all. */
  readonly migrations?: readonly ClinicalMigration[]
  /** Of its text; default: UTF8. */
  readonly encoding?: string
}

export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const { encoding = 'UTF8' } = options
  const other = encoding === 'UTF8' ? '' : ` ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`
  await onServer((client) => client.query(`CREATE DATABASE ${name}${other}`))
  const superuserUrl = withDatabase(inject('superuserUrl'), name)
  const pool = new pg.Pool({ connectionString: superuserUrl, max: 4 })
  // a test may restart the server or cut connections: the next query then opens a new one, or says what is wrong
  pool.on('error', () => undefined)
  const client = await pool.connect()
  try {
    await applyClinicalSchema(client, options.migrations)
  } finally {
    client.release()
  }
  return {
    url: withDatabase(inject('daemonUrl'), name),
    superuserUrl,
    name,
    slot: name,
    query: async <Row extends pg.QueryResultRow>(sql: string, parameters?: readonly unknown[]) =>
      (await pool.query<Row>(sql, parameters ? [...parameters] : undefined)).rows,
    [Symbol.asyncDispose]: () => pool.end().then(() => leaveDatabase(name)),
  }
}

async function leaveDatabase(name: string): Promise<void> {
  await onServer(async (client) => {
    await until(async () => {
      // a walsender ends some time after it was told to, and until then its slot cannot be dropped
      await client.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1', [
        name,
      ])
      await client.query(
        'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1 AND NOT active',
        [name],
      )
      const { rowCount } = await client.query('SELECT FROM pg_replication_slots WHERE database = $1', [name])
      return rowCount === 0
    })
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name])
  })
}

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(inject('superuserUrl'))
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
