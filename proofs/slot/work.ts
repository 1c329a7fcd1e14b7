// What a clinic's application does to its database while something is proved: changes of the mapped tables at a rate, WAL of
// others at a rate, and backlogs.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/** Notes and patients are not followed; `others` is what else an application writes. */
export const workload = `
CREATE TABLE others (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, content text NOT NULL);
ALTER TABLE others ALTER content SET STORAGE EXTERNAL;
INSERT INTO patient (key, first_name, last_name, birth_date)
  SELECT replace(gen_random_uuid()::text, '-', ''), 'Ada', 'Byron', '1985-12-10' FROM generate_series(1, 1000);
CREATE PROCEDURE work(bookings int) LANGUAGE plpgsql AS $$
DECLARE
  one bigint;
BEGIN
  FOR i IN 1..bookings LOOP
    INSERT INTO note (patient_id, provider_id, note_type_id) VALUES (1 + i % 1000, 1, 1) RETURNING id INTO one;
    INSERT INTO appointment (patient_id, provider_id, start_time, duration_minutes, note_id, note_type_id)
      VALUES (1 + i % 1000, 1, '2026-12-01 09:00+00'::timestamptz + i * interval '1 minute', 20, one, 1);
    COMMIT;
    INSERT INTO note_state_change_event (note_id, state) VALUES (one, 'CLD');
    COMMIT;
  END LOOP;
END $$;
`

/** A booking and its cancellation: two transactions, two changes, two notifications. */
export const changesOfABooking = 2

/** Commits `changes`, at most `rate` in a second, until the signal. Resolves to how many. */
export async function commitChanges(
  sql: pg.Pool,
  options: { readonly changes: number; readonly rate: number; readonly signal?: AbortSignal },
): Promise<number> {
  const { changes, rate, signal } = options
  const bookings = Math.max(1, Math.round(rate / changesOfABooking / 10))
  const began = performance.now()
  let done = 0
  while (done < changes && signal?.aborted !== true) {
    await sql.query('CALL work($1)', [bookings])
    done += bookings * changesOfABooking
    await sleep(Math.max(0, (done / rate) * 1000 - (performance.now() - began)))
  }
  return done
}

/** Writes as much WAL that holds nothing for the daemon, in transactions of about 250 kB. */
export async function writeOtherWal(sql: pg.Pool, bytes: number, bytesPerSecond: number): Promise<void> {
  const began = performance.now()
  const from = await walEnd(sql)
  for (let written = 0; written < bytes; ) {
    await sql.query("INSERT INTO others (content) SELECT repeat('x', 2500) FROM generate_series(1, 100)")
    const { rows } = await sql.query<{ n: string }>('SELECT pg_current_wal_lsn() - $1::pg_lsn AS n', [from])
    written = Number(rows[0]?.n)
    await sleep(Math.max(0, (written / bytesPerSecond) * 1000 - (performance.now() - began)))
  }
}

/** Appointments, `perTransaction` of them at a time. */
export async function writeBacklog(sql: pg.Pool, rows: number, perTransaction: number): Promise<void> {
  const insert = `
    INSERT INTO appointment (patient_id, provider_id, start_time, duration_minutes, note_type_id)
      SELECT 1 + i % 1000, 1, '2026-12-01 09:00+00', 20, 1 FROM generate_series(1, $1::int) i`
  for (let done = 0; done < rows; done += perTransaction)
    await sql.query(insert, [Math.min(perTransaction, rows - done)])
}

export async function walEnd(sql: pg.Pool): Promise<string> {
  const { rows } = await sql.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn')
  return String(rows[0]?.lsn)
}
