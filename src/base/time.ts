// Points in time as the daemon carries them: unix microseconds in a number (exact until the year 2255), because
// PostgreSQL's clock has microseconds and a JavaScript Date does not. Text is always UTC.

/** Unix time in microseconds. A safe integer for every moment a clinic can commit at. */
export type Micros = number

/**
 * Unix milliseconds that never jump while the process lives: what is to happen later is planned by it, so that a system
 * clock which is set back an hour makes nothing wait for an hour.
 */
export const steadyNow = (): number => Math.round(performance.timeOrigin + performance.now())

/** PostgreSQL's epoch (2000-01-01T00:00:00Z) in unix microseconds. */
export const postgresEpochMicros = 946_684_800_000_000

/** `2022-09-09T23:00:00.123456Z`: ISO 8601, UTC, six digits of fraction where it is not zero and none where it is. */
export function isoMicros(micros: Micros): string {
  const fraction = ((micros % 1_000_000) + 1_000_000) % 1_000_000
  const seconds = new Date((micros - fraction) / 1000).toISOString().slice(0, -5)
  return fraction === 0 ? `${seconds}Z` : `${seconds}.${String(fraction).padStart(6, '0')}Z`
}
