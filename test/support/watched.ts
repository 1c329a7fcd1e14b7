// The clinic's tables as the daemon watches them, and looks at a database as its own role.
import pg from 'pg'
import type { Finding, Sql, WatchedTable } from '../../src/capture/finding.js'
import { preflight } from '../../src/capture/preflight.js'
import type { TestDatabase } from './database.js'

const none = { taken: [], moments: [], minutes: [] }

export const watchedTables: readonly WatchedTable[] = [
  {
    ...none,
    model: 'appointment',
    schema: 'public',
    table: 'appointment',
    columns: ['id', 'externally_exposable_id', 'patient_id', 'start_time', 'duration_minutes', 'note_id'],
    published: true,
    needsOldImage: true,
    selected: true,
  },
  {
    ...none,
    model: 'notestatechangeevent',
    schema: 'public',
    table: 'note_state_change_event',
    columns: ['id', 'note_id', 'state'],
    published: true,
    needsOldImage: false,
    selected: true,
  },
]

/** SQL as the superuser. */
export const sqlOf = (database: TestDatabase): Sql => ({
  query: async <R extends object>(text: string, values?: unknown[]) => ({
    rows: (await database.query(text, values)) as R[],
  }),
})

/** What preflight finds as the daemon's own role. */
export async function preflightOf(
  database: TestDatabase,
  tables = watchedTables,
  { slot = database.slot, publication = 'notifyd' }: { readonly slot?: string; readonly publication?: string } = {},
): Promise<readonly Finding[]> {
  const client = new pg.Client(database.url)
  await client.connect()
  try {
    const sql: Sql = {
      query: async <R extends object>(text: string, values?: unknown[]) =>
        client.query<R & pg.QueryResultRow>(text, values),
    }
    return await preflight({ sql, slot, publication, tables })
  } finally {
    await client.end()
  }
}

export const failuresOf = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter((finding) => finding.level === 'fail')
