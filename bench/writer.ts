// An open loop of bookings: one transaction at each tick of the clock, whether or not the one before has ended.
import pg from 'pg'

/** What a process that was just started is given before it is measured: it works for months, and not for seconds. */
export const warmUp = (url: string): Promise<number> => write(url, 1_000, 3)

/** @param rate transactions a second */
export async function write(url: string, rate: number, seconds: number): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: 8, options: '-c synchronous_commit=on' })
  pool.on('error', () => undefined)
  const insert =
    "INSERT INTO appointment (provider_id, start_time, duration_minutes) VALUES (1, '2026-12-01 09:00+00', 20)"
  const open = new Set<Promise<unknown>>()
  const started = performance.now()
  const total = Math.round(rate * seconds)
  for (let made = 0; made < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * rate) + 1)
    for (; made < due; made += 1) {
      const booked = pool.query(insert).finally(() => open.delete(booked))
      open.add(booked)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(open)
  await pool.end()
  return total
}
