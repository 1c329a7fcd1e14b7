// The place of the large proof: a clinic whose patients and notes are there already, the built daemon streaming, the two
// endpoints, and the one transaction that is to come.
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { BenchDaemon } from '../../bench/daemon.js'
import { applyClinicalSchema, createDaemonRole } from '../../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { startPostgres, type TestPostgres } from '../../testbed/postgres.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { StalledEndpoint } from './stalled.js'
import { Tally } from './tally.js'

export const slot = 'large'

export interface LargeSite extends AsyncDisposable {
  readonly postgres: TestPostgres
  readonly healthy: Tally
  readonly stalled: StalledEndpoint
  readonly daemon: BenchDaemon
  /** Makes every appointment and its changes in one transaction. */
  commit(): Promise<void>
  /** Null: the daemon has ended. */
  peakRss(): number | null
  journalBytes(): number
}

/** Patients and notes first: they are not followed. Their ids are 1 to `appointments`. */
const seed = `
  INSERT INTO patient (key, first_name, last_name, birth_date)
    SELECT md5(i::text), 'Ada', 'Byron', '1985-12-10' FROM generate_series(1, 1000) i;
  INSERT INTO note (patient_id, provider_id, note_type_id) SELECT 1 + i % 1000, 1, 1 FROM generate_series(1, $n) i;`

/** An appointment's rows are as far apart as there are appointments. */
const work = `
  BEGIN;
  INSERT INTO appointment (patient_id, provider_id, start_time, duration_minutes, note_id, note_type_id)
    SELECT 1 + i % 1000, 1, '2027-01-01 09:00+00'::timestamptz + i * interval '1 minute', 20, i, 1 FROM generate_series(1, $n) i;
  UPDATE appointment SET start_time = start_time + interval '1 day';
  INSERT INTO note_state_change_event (note_id, state) SELECT i, 'CVD' FROM generate_series(1, $n) i;
  INSERT INTO note_state_change_event (note_id, state) SELECT i, 'CLD' FROM generate_series(1, $n) i;
  COMMIT;`

export async function openLargeSite(appointments: number, story: readonly string[]): Promise<LargeSite> {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres({ settings: { fsync: 'off', max_wal_size: '8GB' } }))
  const client = new pg.Client(postgres.superuserUrl())
  await client.connect()
  undo.defer(() => client.end())
  const password = randomBytes(9).toString('hex')
  await createDaemonRole(client, password)
  await applyClinicalSchema(client)
  const run = (sql: string) => client.query(sql.replaceAll('$n', String(appointments)))
  await run(seed)
  const healthy = undo.use(new Tally(story))
  const stalled = undo.use(new StalledEndpoint())
  const secrets = [`whsec_${randomBytes(24).toString('base64')}`]
  const endpoints = [
    { name: 'stalled', url: await stalled.open(), secrets },
    { name: 'healthy', url: await healthy.open(), secrets },
  ]
  const database = { database: { url: postgres.urlFor('notifyd', password, 'postgres'), slot } }
  const home = undo.use(await makeHome({ ...database, endpoints }))
  await using first = spawnNotifyd(home)
  await first.line('streaming')
  await first.stop()
  // Its log goes to a file: a line for each attempt would fill this process.
  const daemon = undo.use(new BenchDaemon(home, slot, database))
  daemon.start()
  await isStreaming(client)
  const owned = undo.move()
  return {
    postgres,
    healthy,
    stalled,
    daemon,
    commit: async () => {
      await run(work)
    },
    peakRss: () => peakRssOf(daemon),
    journalBytes: () => statSync(home.journalFile).size,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

async function isStreaming(client: pg.Client): Promise<void> {
  const query = 'SELECT active FROM pg_replication_slots WHERE slot_name = $1'
  while ((await client.query<{ active: boolean }>(query, [slot])).rows[0]?.active !== true) await pause(20)
}

function peakRssOf(daemon: BenchDaemon): number | null {
  try {
    return daemon.cost().peakRssBytes || null
  } catch {
    // /proc has nothing of a process that has ended.
    return null
  }
}
