// An appointment from the image of its row, and the one that a note stands for among several (spec section 5). Pure.

import { appointmentEnd, readMoment } from './appointment-time.js'
import type { Appointment, FieldValue, Image } from './captured-change.js'

/** @param image mapped columns under canonical names; a column that the table does not have is null. */
export function appointmentOf(image: Image, deleted: boolean): Appointment {
  const startTime = readMoment(image['start_time'])
  const minutes = number(image['duration_minutes'])
  return {
    id: text(image['id']) ?? '',
    externally_exposable_id: text(image['externally_exposable_id']),
    patient_id: text(image['patient_id']),
    provider_id: text(image['provider_id']),
    note_id: text(image['note_id']),
    note_type_id: text(image['note_type_id']),
    appointment_rescheduled_from_id: text(image['appointment_rescheduled_from_id']),
    start_time: startTime,
    end_time: 'end_time' in image ? readMoment(image['end_time']) : appointmentEnd(startTime, minutes),
    duration_minutes: minutes,
    status: text(image['status']),
    entered_in_error: text(image['entered_in_error_id']) !== null,
    deleted,
  }
}

/** The newest (highest id) not entered in error, else the newest; null of none. A rescheduled note has several. */
export function newestAppointment(appointments: Iterable<Appointment>): Appointment | null {
  let newest: Appointment | null = null
  for (const appointment of appointments) {
    if (newest === null || isPreferred(appointment, newest)) newest = appointment
  }
  return newest
}

function isPreferred(a: Appointment, b: Appointment): boolean {
  if (a.entered_in_error !== b.entered_in_error) return b.entered_in_error
  return compareIds(a.id, b.id) > 0
}

const integer = /^-?\d+$/

/** Integers by value, whatever their length; other ids (uuid) as text, for want of an order in time. */
function compareIds(a: string, b: string): number {
  if (integer.test(a) && integer.test(b)) {
    const difference = BigInt(a) - BigInt(b)
    return difference > 0n ? 1 : difference < 0n ? -1 : 0
  }
  return a < b ? -1 : a > b ? 1 : 0
}

const text = (value: FieldValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value)

function number(value: FieldValue | undefined): number | null {
  if (value === null || value === undefined || typeof value === 'boolean') return null
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : null
}
