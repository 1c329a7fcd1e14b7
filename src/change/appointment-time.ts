// Appointment times as the source document prints them: `2021-12-24T21:30:00+00:00`, in UTC, to the microsecond. Owns the
// arithmetic of an appointment's end.
import { type Micros, offsetMicros } from '../base/time.js'
import type { FieldValue } from './captured-change.js'

const moment = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00(?::00)?)?$/

/**
 * A timestamptz or timestamp value in the document's format; a `timestamp` is read as UTC. Infinite, BC and five-digit
 * years keep PostgreSQL's text. Null stays null.
 */
export function readMoment(value: FieldValue | undefined): string | null {
  if (value === null || value === undefined) return null
  const micros = microsOf(String(value))
  return micros === null ? String(value) : offsetMicros(micros)
}

/** `start + minutes`; infinity stays so; null where one of them is missing, and for BC and five-digit years. */
export function appointmentEnd(start: string | null, minutes: number | null): string | null {
  if (start === null || minutes === null) return null
  const micros = microsOf(start)
  if (micros === null) return start.endsWith('infinity') ? start : null
  return offsetMicros(micros + minutes * 60_000_000)
}

function microsOf(text: string): Micros | null {
  const match = moment.exec(text)
  if (match === null) return null
  const [, date, time, fraction = ''] = match
  return Date.parse(`${date}T${time}Z`) * 1000 + Number(fraction.padEnd(6, '0'))
}
