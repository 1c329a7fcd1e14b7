// One PostgreSQL for the whole run, whichever projects need it. Out: its URLs, which `inject` gives to the tests. vitest
// runs this file once a project, each in a module graph of its own, so the server is kept where all of them see it.
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { createDaemonRole, daemonRole } from '../../testbed/clinical-schema.js'
import { startPostgres, type TestPostgres } from '../../testbed/postgres.js'

interface Shared {
  readonly postgres: Promise<TestPostgres>
  users: number
}

declare global {
  var notifydTestServer: Shared | undefined
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser's URL of the run's server, database `postgres`. */
    superuserUrl: string
    /** The same for the daemon's role with its minimal grants. */
    daemonUrl: string
  }
}

const password = 'a password of tests only'

async function start(): Promise<TestPostgres> {
  // the tests' data need not survive a power cut; synchronous_commit stays on, as a walsender sends flushed WAL only
  const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '300', autovacuum: 'off' }
  const postgres = await startPostgres({ settings })
  const client = new pg.Client(postgres.superuserUrl())
  await client.connect()
  await createDaemonRole(client, password)
  await client.end()
  return postgres
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  globalThis.notifydTestServer ??= { postgres: start(), users: 0 }
  const shared = globalThis.notifydTestServer
  shared.users++
  const postgres = await shared.postgres
  project.provide('superuserUrl', postgres.superuserUrl())
  project.provide('daemonUrl', postgres.urlFor(daemonRole, password, 'postgres'))
  return async () => {
    if (--shared.users > 0) return
    globalThis.notifydTestServer = undefined
    await postgres[Symbol.asyncDispose]()
  }
}
