// The clinic under chaos: several receptionists, each on a connection of its own, who write down what their work makes due
// in the same transaction as the work. Only that table is the truth; what a receptionist remembers may be wrong.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Clinic } from '../testbed/clinic.js'
import { act } from '../testbed/clinic-work.js'
import { insideTransactions, inTransaction } from './truth.js'

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
        await inTransaction(client, async (owe) => {
          for (let acts = 1 + clinic.random.below(3); acts > 0; acts -= 1) owe(await act(clinic))
        })
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
