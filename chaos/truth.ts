// What a run owes: written by the clinic in the same transaction as the work that makes it due, into a table that is not
// published. Whether a transaction was committed is what this table knows, and what its client remembers may be wrong.
import type pg from 'pg'
import { type Due, payloadOf } from '../testbed/due.js'

/** `lsn` lies before the row's commit and behind every commit before it. */
export const truthTable = `
  CREATE TABLE truth (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, appointment uuid NOT NULL, notification text NOT NULL, body text NOT NULL,
    lsn pg_lsn NOT NULL DEFAULT pg_current_wal_insert_lsn())`

export interface Truth {
  readonly appointment: string
  readonly body: string
  readonly lsn: string
}

/** In the order in which it was written. */
export async function readTruth(client: pg.ClientBase): Promise<readonly Truth[]> {
  return (await client.query<Truth>('SELECT appointment::text, body, lsn::text FROM truth ORDER BY id')).rows
}

/** One transaction of the clinic's: its work, which says what it makes due. */
export async function inTransaction<T>(
  client: pg.Client,
  work: (owe: (due: Due | null) => void) => Promise<T>,
): Promise<T> {
  const owed: Due[] = []
  await client.query('BEGIN')
  const result = await work((due) => {
    if (due !== null) owed.push(due)
  })
  for (const due of owed) {
    const insert = 'INSERT INTO truth (appointment, notification, body) VALUES ($1, $2, $3)'
    await client.query(insert, [due.appointment_external_id, due.notification, JSON.stringify(payloadOf(due))])
  }
  await client.query('COMMIT')
  return result
}

/** The clinic's own transactions become savepoints of ours. */
export function insideTransactions(client: pg.Client): pg.ClientBase {
  const instead: Readonly<Record<string, string>> = {
    BEGIN: 'SAVEPOINT act',
    COMMIT: 'RELEASE SAVEPOINT act',
    ROLLBACK: 'ROLLBACK TO SAVEPOINT act',
  }
  return new Proxy(client, {
    get: (target, property) => {
      if (property !== 'query') return Reflect.get(target, property)
      return (text: string, values?: unknown[]) => target.query(instead[text] ?? text, values)
    },
  })
}
