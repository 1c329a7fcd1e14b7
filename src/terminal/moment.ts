// A time that an operator gives: ISO 8601 with its zone, or a date, which is its midnight in UTC. Anything else that a
// JavaScript Date would make something of (`1`, `Feb 30`, a time in the zone of this machine) is refused.
import * as z from 'zod'
import { UsageError } from '../base/errors.js'

const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })])

/** Unix ms. @throws UsageError for a time that is none. */
export function momentOf(option: string, text: string): number {
  if (!moment.safeParse(text).success) {
    throw new UsageError(`${option} ${text}: expected a time like 2026-11-23 or 2026-11-23T12:00:00Z`)
  }
  return Date.parse(text)
}
