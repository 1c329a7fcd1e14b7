// A promotion while a large transaction is half told.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Clinic } from '../testbed/clinic.js'
import { promote } from '../testbed/history.js'
import type { Random } from '../testbed/random.js'
import type { ChaosSite } from './site.js'
import { insideTransactions, inTransaction } from './truth.js'

const bookings = 500

/** 1,500 rows of the followed tables in one commit; at some moment of their walk the daemon dies and the server is promoted. */
export async function promotedAmidLargeTransaction(site: ChaosSite, random: Random): Promise<void> {
  const client = new pg.Client(site.url)
  client.on('error', () => undefined)
  await client.connect()
  const clinic = new Clinic(insideTransactions(client), { seed: 2 ** 30 + random.below(2 ** 30) })
  await clinic.admit()
  await inTransaction(client, async (owe) => {
    for (let made = 0; made < bookings; made += 1) owe((await clinic.book()).due)
  })
  await client.end()
  await sleep(random.below(150))
  await site.hold()
  await site.postgres.stop('fast')
  await promote(site.postgres)
  await site.postgres.start()
  site.release()
}
