// A wall clock's reading in, the instant out: for columns of `timestamp` without time zone, whose zone the config names. Owns
// the two readings that are none or two instants: an hour that the clock showed twice is the first of them, an hour that it
// left out is shifted forward (as Temporal's `compatible`: https://tc39.es/proposal-temporal/docs/timezone.html).

const dayMs = 86_400_000

/** Whether this machine's tz database knows the name. */
export function isTimeZone(name: string): boolean {
  try {
    zoneOf(name)
    return true
  } catch {
    return false // RangeError: no such zone
  }
}

/**
 * @param wallMs what the clock showed, as if it had shown UTC (unix milliseconds, whole seconds)
 * @param timeZone an IANA name
 * @returns unix milliseconds
 * @throws RangeError where there is no such zone
 */
export function instantOf(wallMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return wallMs
  const zone = zoneOf(timeZone)
  // No zone is further from UTC than a day, and none changes its offset twice within two.
  const before = zone.offsetAt(wallMs - dayMs)
  const after = zone.offsetAt(wallMs + dayMs)
  const first = wallMs - Math.max(before, after)
  const last = wallMs - Math.min(before, after)
  for (const instant of [first, last]) if (zone.offsetAt(instant) === wallMs - instant) return instant
  return wallMs - before
}

/** A zone's offsets from UTC; whole days without a change are remembered, so that a common appointment costs a look-up. */
class Zone {
  readonly #format: Intl.DateTimeFormat
  readonly #atDay = new Map<number, number>()

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** Milliseconds that the zone's clock is ahead of UTC at an instant. */
  offsetAt(instantMs: number): number {
    const day = Math.floor(instantMs / dayMs)
    const atStart = this.#atStartOf(day)
    return atStart === this.#atStartOf(day + 1) ? atStart : this.#measure(instantMs)
  }

  #atStartOf(day: number): number {
    const known = this.#atDay.get(day)
    if (known !== undefined) return known
    const offset = this.#measure(day * dayMs)
    if (this.#atDay.size >= maxDays) this.#atDay.clear()
    this.#atDay.set(day, offset)
    return offset
  }

  #measure(instantMs: number): number {
    const at = Math.max(Math.floor(instantMs / 1000) * 1000, firstMs)
    const shown: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(at)) if (type !== 'literal') shown[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown
    return Date.UTC(year, month - 1, day, hour, minute, second) - at
  }
}

/** Before it every zone has its local mean time; and Intl would count by the Julian calendar. */
const firstMs = Date.UTC(1800, 0)

/** Some forty years of days. */
const maxDays = 15_000

const zones = new Map<string, Zone>()

function zoneOf(timeZone: string): Zone {
  const known = zones.get(timeZone)
  if (known !== undefined) return known
  const zone = new Zone(timeZone)
  zones.set(timeZone, zone)
  return zone
}
