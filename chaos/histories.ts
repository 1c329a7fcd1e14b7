// A server whose history is another, at the end of a run: a copy of its data put back, and one backup promoted twice. The
// clinic goes on past where the daemon was, so no position tells the two apart. What the surviving history owed and nobody
// was told has to lie in a gap; without one it is lost in silence.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Clinic } from '../testbed/clinic.js'
import { spawnNotifyd } from '../testbed/daemon.js'
import { backUp, promote, putBack } from '../testbed/history.js'
import type { Random } from '../testbed/random.js'
import type { Receiver } from '../testbed/receiver.js'
import type { ChaosSite } from './site.js'
import { insideTransactions, inTransaction, readTruth, type Truth } from './truth.js'

export const histories = ['a copy of the data put back', 'one backup promoted twice'] as const

export interface HistoryVerdict {
  /** Of the surviving history, since the copy was made. */
  readonly due: number
  readonly told: number
  /** Not told, and a gap says so. */
  readonly inGaps: number
  /** Not told, and no gap says so. */
  readonly lostInSilence: number
  readonly gaps: number
}

const patienceMs = 60_000

/** All has to be delivered before. The daemon goes on behind the gap afterwards. */
export async function otherHistory(
  site: ChaosSite,
  random: Random,
  which: (typeof histories)[number],
): Promise<HistoryVerdict> {
  const { postgres } = site
  const known = (await listGaps(site)).length
  await site.hold()
  await postgres.stop('fast')
  await backUp(postgres)
  if (which === 'one backup promoted twice') await promote(postgres)
  await postgres.start()
  const before = (await truthNow(site)).length
  site.release()
  await work(site, random, 30)
  const first = (await truthNow(site)).slice(before)
  await until(() => Promise.resolve(untold(site, first).length === 0), 'the first history to be told')
  const passed = await position(site)

  await site.hold()
  await postgres.stop('fast')
  await putBack(postgres)
  await postgres.start()
  if (which === 'one backup promoted twice') {
    await work(site, random, 5)
    await postgres.stop('fast')
    await promote(postgres)
    await postgres.start()
  }
  while ((await position(site)) <= passed) await work(site, random, 5)
  await work(site, random, 5)
  site.release()
  await until(async () => (await listGaps(site)).length > known, 'a gap').catch(() => undefined)
  await notifyd(site, ['gaps', 'accept'])
  await site.daemon().line('streaming')
  const behind = (await truthNow(site)).length
  await work(site, random, 10)
  const last = (await truthNow(site)).slice(behind)
  await until(() => Promise.resolve(untold(site, last).length === 0), 'what came behind the gap to be told')

  const truth = (await truthNow(site)).slice(before)
  const missing = untold(site, truth)
  const gaps = (await listGaps(site)).slice(known)
  const isInGap = ({ lsn }: Truth) =>
    gaps.some(({ from, to }) => parseLsn(from) <= parseLsn(lsn) && parseLsn(lsn) < parseLsn(to))
  const inGaps = missing.filter(isInGap).length
  return {
    due: truth.length,
    told: truth.length - missing.length,
    inGaps,
    lostInSilence: missing.length - inGaps,
    gaps: gaps.length,
  }
}

async function onClinic<T>(site: ChaosSite, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(site.url)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const truthNow = (site: ChaosSite) => onClinic(site, readTruth)

/** So many bookings, each in a transaction. */
const work = (site: ChaosSite, random: Random, bookings: number) =>
  onClinic(site, async (client) => {
    const clinic = new Clinic(insideTransactions(client), { seed: 2 ** 30 + random.below(2 ** 30) })
    await clinic.admit()
    for (let made = 0; made < bookings; made += 1)
      await inTransaction(client, async (owe) => owe((await clinic.book()).due))
  })

const position = (site: ChaosSite): Promise<bigint> =>
  onClinic(site, async (client) => {
    const { rows } = await client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn')
    return parseLsn(rows[0]?.lsn ?? '')
  })

function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

/** What at least one receiver was not told. */
function untold(site: ChaosSite, truth: readonly Truth[]): readonly Truth[] {
  const missing = (receiver: Receiver) => {
    const told = new Set(receiver.delivered.map(({ rawBody }) => rawBody.toString()))
    return truth.filter(({ body }) => !told.has(body))
  }
  return [...new Set(site.receivers.flatMap(missing))]
}

interface ListedGap {
  readonly from: string
  readonly to: string
}

/** By the command that an operator has. */
export async function listGaps(site: ChaosSite): Promise<readonly ListedGap[]> {
  return JSON.parse(await notifyd(site, ['gaps', 'list', '--json'])) as readonly ListedGap[]
}

async function notifyd(site: ChaosSite, args: readonly string[]): Promise<string> {
  const command = spawnNotifyd(site.home, args)
  const { status } = await command.exited
  if (status !== 0) throw new Error(`notifyd ${args.join(' ')} ended with ${status}: ${command.stderr}`)
  return command.stdout
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const startedAt = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startedAt > patienceMs) throw new Error(`waited in vain for ${what}`)
    await sleep(200)
  }
}
