// What a database administrator does to the followed tables while all goes on. Each fault is work of the clinic's as well,
// and due like any other; each undoes itself.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Clinic } from '../testbed/clinic.js'
import type { Random } from '../testbed/random.js'
import { type ChaosSite, firstFarId } from './site.js'
import { insideTransactions, inTransaction } from './truth.js'

interface Desk {
  readonly client: pg.Client
  readonly clinic: Clinic
}

/** A receptionist of its own for the fault, and a patient. */
async function atDesk(site: ChaosSite, random: Random, work: (desk: Desk) => Promise<void>): Promise<void> {
  const client = new pg.Client(site.url)
  client.on('error', () => undefined)
  await client.connect()
  try {
    const clinic = new Clinic(insideTransactions(client), { seed: 2 ** 30 + random.below(2 ** 30) })
    await clinic.admit()
    await work({ client, clinic })
  } finally {
    await client.end()
  }
}

/** An ALTER TABLE and the receptionists wait for each other now and then, and PostgreSQL ends one of them. */
async function untilItIs<T>(work: () => Promise<T>, client: pg.Client): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === '40P01')) throw error
      await client.query('ROLLBACK')
    }
  }
}

const away = {
  rename: {
    name: 'appointment_old',
    there: 'ALTER TABLE appointment RENAME TO appointment_old',
    back: 'ALTER TABLE appointment_old RENAME TO appointment',
  },
  schema: {
    name: 'attic.appointment',
    there: 'ALTER TABLE appointment SET SCHEMA attic',
    back: 'ALTER TABLE attic.appointment SET SCHEMA public',
  },
} as const

/** In one transaction: the name is never seen to be another. */
export const renamedWithin = (site: ChaosSite, random: Random, how: keyof typeof away) =>
  atDesk(site, random, ({ client, clinic }) =>
    untilItIs(
      () =>
        inTransaction(client, async (owe) => {
          await client.query(away[how].there)
          clinic.appointmentTable = away[how].name
          const { booking, due } = await clinic.book()
          owe(due)
          owe(await clinic.rescheduleInPlace(booking))
          await client.query(away[how].back)
        }),
      client,
    ),
  )

/** For a while, in which the other receptionists fail and this one works on. */
export const renamedAWhile = (site: ChaosSite, random: Random, how: keyof typeof away, forMs: number) =>
  atDesk(site, random, async ({ client, clinic }) => {
    await untilItIs(() => client.query(away[how].there), client)
    clinic.appointmentTable = away[how].name
    await inTransaction(client, async (owe) => {
      const { booking, due } = await clinic.book()
      owe(due)
      owe(await clinic.rescheduleInPlace(booking))
    })
    await sleep(forMs)
    await untilItIs(() => client.query(away[how].back), client)
  })

let partitions = 0

/** A partition is made as pg_partman makes one, with identity DEFAULT, used at once, and told its identity later. */
export const partitionWithoutIdentity = (site: ChaosSite, random: Random, forMs: number) =>
  atDesk(site, random, async ({ client, clinic }) => {
    const first = firstFarId + partitions * 100
    const name = `appointment_far_${partitions}`
    partitions += 1
    const make = `CREATE TABLE ${name} PARTITION OF appointment FOR VALUES FROM (${first}) TO (${first + 100})`
    await untilItIs(() => client.query(make), client)
    const booking = await inTransaction(client, async (owe) => {
      const { booking, due } = await clinic.book({ id: String(first) })
      owe(due)
      return booking
    })
    const reschedule = () => inTransaction(client, async (owe) => owe(await clinic.rescheduleInPlace(booking)))
    await reschedule()
    await inTransaction(client, () => clinic.editComment(booking))
    await sleep(forMs)
    await reschedule()
    await untilItIs(() => client.query(`ALTER TABLE ${name} REPLICA IDENTITY FULL`), client)
    await reschedule()
  })

/** A text that is no UTF-8, in a row that makes something due, and in one that does not. */
export const byteThatDoesNotConvert = (site: ChaosSite, random: Random) =>
  atDesk(site, random, ({ client, clinic }) =>
    inTransaction(client, async (owe) => {
      const { booking, due } = await clinic.book()
      owe(due)
      const id = booking.appointments[0]?.id
      await client.query(`UPDATE appointment SET comment = E'caf\\351', description = E'\\377' WHERE id = ${id}`)
      owe(await clinic.rescheduleInPlace(booking))
    }),
  )
