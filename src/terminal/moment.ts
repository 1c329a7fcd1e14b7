// A time that an operator gives: ISO 8601 with its zone, a date, which is its midnight in UTC, or how long ago (`2h`). Anything
// else that a JavaScript Date would make something of (`1`, `Feb 30`, a time in the zone of this machine) is refused.
import * as z from 'zod'
import { UsageError } from '../base/errors.js'
import { type Lsn, parseLsn } from '../capture/lsn.js'

/** -1: minutes. */
const moment = z.union([
  z.iso.date(),
  z.iso.datetime({ offset: true }),
  z.iso.datetime({ offset: true, precision: -1 }),
])

const ago = /^(\d{1,6})([smhd])$/
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Unix ms. @throws UsageError for a time that is none. */
export function momentOf(option: string, text: string, now: number = Date.now()): number {
  const [, count, unit] = ago.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return now - Number(count) * (unitMs[unit] ?? 0)
  if (!moment.safeParse(text).success) {
    throw new UsageError(`${option} ${text}: expected a time like 2026-11-24T08:00-05:00, 2026-11-24 or 2h (ago)`)
  }
  return Date.parse(text)
}

/** A place in what was committed. */
export type Place =
  | { readonly tag: 'lsn'; readonly lsn: Lsn }
  /** Unix ms. */
  | { readonly tag: 'time'; readonly at: number }

/** @throws UsageError for what is neither an LSN nor a time */
export function placeOf(option: string, text: string, now: number = Date.now()): Place {
  if (!text.includes('/') && (ago.test(text) || moment.safeParse(text).success)) {
    return { tag: 'time', at: momentOf(option, text, now) }
  }
  try {
    return { tag: 'lsn', lsn: parseLsn(text) }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const expected = 'an LSN like 0/16B3748, or a time like 2026-11-24T08:00-05:00 or 2h (ago)'
    throw new UsageError(`${option} ${text}: expected ${expected}`, { cause })
  }
}
