// The clinic under chaos: several receptionists, each on a connection of its own, who write down what their work makes due
// in the same transaction as the work. Only that table is the truth; what a receptionist remembers may be wrong.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Clinic } from '../testbed/clinic.js'
import { act } from '../testbed/clinic-work.js'
import { type Due, payloadOf } from '../testbed/due.js'

export const truthTable = `
  CREATE TABLE truth (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, appointment uuid NOT NULL, notification text NOT NULL, body text NOT NULL)`

export interface WriterOptions {
  readonly url: string
  readonly seed: number
  /** Transactions a second, about. */
  readonly rate: number
  readonly signal: AbortSignal
}

/** Works until the signal; a broken connection is replaced, and what was on it is forgotten. */
export async function write({ url, seed, rate, signal }: WriterOptions): Promise<{ readonly transactions: number }> {
  let transactions = 0
  for (let life = 0; !signal.aborted; life += 1) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 15_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const clinic = new Clinic(insideTransactions(client), { seed: seed * 1_000 + life })
      while (!signal.aborted) {
        await oneTransaction(client, clinic)
        transactions += 1
        await sleep(1000 / rate, undefined, { signal }).catch(() => undefined)
      }
    } catch {
      // Whether the last transaction was committed is what the truth table knows.
      await sleep(200, undefined, { signal }).catch(() => undefined)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return { transactions }
}

/** One to three acts, and what they make due. */
async function oneTransaction(client: pg.Client, clinic: Clinic): Promise<void> {
  await client.query('BEGIN')
  const due: Due[] = []
  for (let acts = 1 + clinic.random.below(3); acts > 0; acts -= 1) {
    const made = await act(clinic)
    if (made !== null) due.push(made)
  }
  for (const { appointment_external_id, notification, ...rest } of due) {
    const body = JSON.stringify(payloadOf({ appointment_external_id, notification, ...rest }))
    const insert = 'INSERT INTO truth (appointment, notification, body) VALUES ($1, $2, $3)'
    await client.query(insert, [appointment_external_id, notification, body])
  }
  await client.query('COMMIT')
}

/** The clinic's own transactions become savepoints of ours. */
function insideTransactions(client: pg.Client): pg.ClientBase {
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
