// The place of the bench: a real PostgreSQL with the clinic's schema, and daemons that have a slot each, so that one
// backlog serves every round.
import pg from 'pg'
import { applyClinicalSchema, createDaemonRole } from '../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../testbed/daemon.js'
import { startPostgres, type TestPostgres } from '../testbed/postgres.js'
import { UndoStack } from '../testbed/undo-stack.js'
import { BenchDaemon } from './daemon.js'

export class BenchSite implements AsyncDisposable {
  #slots = 0

  private constructor(
    readonly postgres: TestPostgres,
    readonly client: pg.Client,
    private readonly daemonUrl: string,
    private readonly undo: UndoStack,
  ) {}

  /** The clinic's own writing is not measured: its server does not fsync. */
  static async open(): Promise<BenchSite> {
    await using undo = new UndoStack()
    const settings = { fsync: 'off', synchronous_commit: 'off', max_wal_size: '8GB', checkpoint_timeout: '1h' }
    const postgres = undo.use(await startPostgres({ settings }))
    const client = new pg.Client(postgres.superuserUrl())
    await client.connect()
    undo.defer(() => client.end())
    await createDaemonRole(client, 'bench')
    await applyClinicalSchema(client)
    await client.query(workload)
    return new BenchSite(postgres, client, postgres.urlFor('notifyd', 'bench', 'postgres'), undo.move())
  }

  /** Makes its slot and its journal, and stops it: what commits from now on waits for it. */
  async daemon(config: Readonly<Record<string, unknown>>): Promise<BenchDaemon> {
    this.#slots += 1
    const slot = `bench_${this.#slots}`
    const database = { database: { url: this.daemonUrl, slot } }
    const home = this.undo.use(await makeHome({ ...database, ...config }))
    await using first = spawnNotifyd(home)
    await first.line('streaming')
    await first.stop()
    return this.undo.use(new BenchDaemon(home, slot, database))
  }

  /** A slot for a client that is no daemon. Resolves to its name. */
  async slot(): Promise<string> {
    this.#slots += 1
    const slot = `bench_${this.#slots}`
    await this.client.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`)
    return slot
  }

  async dropSlot(slot: string): Promise<void> {
    for (;;) {
      const { rows } = await this.client.query<{ active: boolean }>(
        'SELECT active FROM pg_replication_slots WHERE slot_name = $1',
        [slot],
      )
      if (rows[0]?.active === false) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await this.client.query('SELECT pg_drop_replication_slot($1)', [slot])
  }

  /** `bookings` appointments and as many cancellations, a transaction each. Resolves to the end of WAL. */
  async work(bookings: number, columns: 'plain' | 'wide' = 'plain'): Promise<string> {
    await this.client.query('CALL work($1, $2)', [bookings, columns === 'wide'])
    return this.endOfWal()
  }

  async endOfWal(): Promise<string> {
    const { rows } = await this.client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn')
    return String(rows[0]?.lsn)
  }

  /** Resolves when the slot was told everything up to `lsn`; to the time of that (unix ms). */
  async acknowledged(slot: string, lsn: string): Promise<number> {
    const query = 'SELECT confirmed_flush_lsn >= $2::pg_lsn AS done FROM pg_replication_slots WHERE slot_name = $1'
    for (;;) {
      const { rows } = await this.client.query<{ done: boolean }>(query, [slot, lsn])
      if (rows[0]?.done === true) return performance.timeOrigin + performance.now()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.undo[Symbol.asyncDispose]()
  }
}

/** Notes and patients first, in one transaction: they are not followed. */
const workload = `
CREATE PROCEDURE work(bookings int, wide boolean) LANGUAGE plpgsql AS $$
DECLARE
  note bigint[];
  patient bigint[];
BEGIN
  WITH made AS (INSERT INTO patient (key, first_name, last_name, birth_date)
    SELECT replace(gen_random_uuid()::text, '-', ''), 'Ada', 'Byron', '1985-12-10' FROM generate_series(1, 100) RETURNING id)
  SELECT array_agg(id) INTO patient FROM made;
  WITH made AS (INSERT INTO note (patient_id, provider_id, note_type_id)
    SELECT patient[1 + i % 100], 1, 1 FROM generate_series(1, bookings) i RETURNING id)
  SELECT array_agg(id) INTO note FROM made;
  COMMIT;
  FOR i IN 1..bookings LOOP
    INSERT INTO appointment (patient_id, provider_id, start_time, duration_minutes, note_id, note_type_id, comment)
      VALUES (patient[1 + i % 100], 1, '2026-12-01 09:00+00'::timestamptz + i * interval '1 minute', 20, note[i], 1,
        CASE WHEN wide THEN repeat('x', 10000) ELSE '' END);
    COMMIT;
    INSERT INTO note_state_change_event (note_id, state) VALUES (note[i], 'CLD');
    COMMIT;
  END LOOP;
END $$;
`
