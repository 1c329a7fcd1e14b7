// Appointment times as the source document prints them: `2021-12-24T21:30:00+00:00`, in UTC, to the microsecond. Owns the
// arithmetic of an appointment's end. Fractions of a second stay text: no number holds the microseconds of the year 9999.
import type { FieldValue } from './captured-change.js'
import { instantOf } from './time-zone.js'

const moment = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(\+00(?::00)?)?$/

/**
 * A timestamptz or timestamp value in the document's format. Infinite, BC and five-digit years keep PostgreSQL's text. Null
 * stays null.
 * @param timeZone whose clock a `timestamp` shows, which has no zone of its own; see `instantOf`
 */
export function readMoment(value: FieldValue | undefined, timeZone = 'UTC'): string | null {
  if (value === null || value === undefined) return null
  const match = moment.exec(String(value))
  if (match === null) return String(value)
  const [, date, time, fraction, offset] = match
  if (offset !== undefined || timeZone === 'UTC') return printed(`${date}T${time}`, fraction)
  const instant = new Date(instantOf(Date.parse(`${date}T${time}Z`), timeZone))
  return inFourDigits(instant) ? printed(instant.toISOString().slice(0, 19), fraction) : String(value)
}

const inFourDigits = (instant: Date): boolean => instant.getUTCFullYear() >= 1 && instant.getUTCFullYear() <= 9999

/**
 * `start + minutes`, to the second where these are fractional; infinity stays so. Null where one of them is missing, and
 * where start or end is in a BC or five-digit year.
 */
export function appointmentEnd(start: string | null, minutes: number | null): string | null {
  if (start === null || minutes === null) return null
  const match = moment.exec(start)
  if (match === null) return start.endsWith('infinity') ? start : null
  const [, date, time, fraction] = match
  const end = new Date(Date.parse(`${date}T${time}Z`) + Math.round(minutes * 60) * 1000)
  if (!inFourDigits(end)) return null
  return printed(end.toISOString().slice(0, 19), fraction)
}

/** @param second `2021-12-24T21:30:00` @param fraction up to six digits */
function printed(second: string, fraction = '0'): string {
  return Number(fraction) === 0 ? `${second}+00:00` : `${second}.${fraction.padEnd(6, '0')}+00:00`
}
