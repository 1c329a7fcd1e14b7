// The faults of a chaos run, each with what heals it. Seeded: which one, when, how long.
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { failpoints } from '../src/journal/failpoint.js'
import { accept, acceptWithLength, answer, type Behaviour } from '../testbed/behaviour.js'
import type { Random } from '../testbed/random.js'
import type { Receiver } from '../testbed/receiver.js'
import { promotedAmidLargeTransaction } from './server-faults.js'
import { type ChaosSite, path } from './site.js'
import { byteThatDoesNotConvert, partitionWithoutIdentity, renamedAWhile, renamedWithin } from './table-faults.js'

export type FaultName = keyof typeof weights

const weights = {
  'daemon killed': 4,
  'daemon killed at a failpoint': 6,
  'daemon told to stop': 1,
  'walsender terminated': 3,
  'PostgreSQL stopped fast': 1,
  'PostgreSQL stopped immediately': 1,
  'PostgreSQL promoted amid a large transaction': 1,
  'table renamed and back, within a transaction': 2,
  'table renamed and back, after a while': 1,
  'table to another schema and back': 1,
  'partition without identity': 2,
  'byte that does not convert': 2,
  'path frozen': 2,
  'path cut': 3,
  'journal disk full': 2,
  'clock stepped': 3,
  'receiver refuses': 2,
  'receiver hangs': 2,
  'receiver drips': 2,
  'receiver resets': 3,
  'receiver answers 500': 3,
  'receiver answers 429': 2,
  'receiver answers too late': 2,
  'receiver answers 204 with a length': 3,
} as const

/** Does one, waits, and heals it. Gives its name. */
export async function fault(site: ChaosSite, random: Random): Promise<FaultName> {
  const name = random.weighted(weights)
  const forMs = 200 + random.below(1_300)
  const receiver = random.pick(site.receivers)
  switch (name) {
    case 'daemon killed':
      site.daemon().kill('SIGKILL')
      break
    case 'daemon killed at a failpoint':
      site.arm(`${random.pick(failpoints)}:${1 + random.below(30)}`)
      break
    case 'daemon told to stop':
      site.daemon().kill('SIGTERM')
      break
    case 'walsender terminated':
      await sql(site, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender'")
      break
    case 'PostgreSQL stopped fast':
      await site.postgres.stop('fast')
      await sleep(forMs)
      await site.postgres.start()
      break
    case 'PostgreSQL stopped immediately':
      await site.postgres.stop('immediate')
      await site.postgres.start()
      break
    case 'PostgreSQL promoted amid a large transaction':
      await promotedAmidLargeTransaction(site, random)
      break
    case 'table renamed and back, within a transaction':
      await renamedWithin(site, random, random.pick(['rename', 'schema']))
      break
    case 'table renamed and back, after a while':
      await renamedAWhile(site, random, 'rename', forMs)
      break
    case 'table to another schema and back':
      await renamedAWhile(site, random, 'schema', forMs)
      break
    case 'partition without identity':
      await partitionWithoutIdentity(site, random, forMs)
      break
    case 'byte that does not convert':
      await byteThatDoesNotConvert(site, random)
      break
    case 'path frozen':
      site.path.freeze()
      await sleep(forMs)
      site.path.thaw()
      break
    case 'path cut':
      site.path.cut()
      break
    case 'journal disk full':
      await diskFull(site, forMs)
      break
    case 'clock stepped':
      site.stepClock((random.below(2) === 0 ? -1 : 1) * (1 + random.below(240)) * 1000)
      break
    case 'receiver refuses':
      await receiver.refuse()
      await sleep(forMs)
      await receiver.open()
      break
    case 'receiver hangs':
      await behaves(receiver, { tag: 'hang' }, forMs)
      break
    case 'receiver drips':
      await behaves(receiver, { tag: 'drip', everyMs: 50 }, forMs)
      break
    case 'receiver resets':
      await behaves(receiver, { tag: 'reset', when: random.pick(['before the answer', 'mid-answer']) }, forMs)
      break
    case 'receiver answers 500':
      await behaves(receiver, answer(500), forMs)
      break
    case 'receiver answers 429':
      await behaves(receiver, answer(429, { 'retry-after': '1' }), forMs)
      break
    case 'receiver answers too late':
      await behaves(receiver, { ...accept, tag: 'answer', status: 200, delayMs: 1_300 }, forMs)
      break
    case 'receiver answers 204 with a length':
      await behaves(receiver, acceptWithLength, forMs)
      break
    default:
      name satisfies never
  }
  return name
}

async function behaves(receiver: Receiver, behaviour: Behaviour, forMs: number): Promise<void> {
  receiver.program(path, () => behaviour)
  await sleep(forMs)
  receiver.program(path, [])
}

async function sql(site: ChaosSite, text: string): Promise<void> {
  const client = new pg.Client(site.url)
  client.on('error', () => undefined)
  await client.connect()
  await client.query(text)
  await client.end()
}

/** No file of the daemon's may grow beyond what the journal's has now: writes fail as on a full disk (prlimit of util-linux). */
async function diskFull(site: ChaosSite, forMs: number): Promise<void> {
  const { pid } = site.daemon()
  const largest = Math.max(
    ...['', '-wal'].map((end) => statSync(`${site.home.journalFile}${end}`, { throwIfNoEntry: false })?.size ?? 0),
  )
  const limit = (to: string) => promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${to}`])
  // The daemon may have ended meanwhile: then there is nothing to limit.
  await limit(`${largest}:unlimited`).catch(() => undefined)
  await sleep(forMs)
  await limit('unlimited:unlimited').catch(() => undefined)
}
