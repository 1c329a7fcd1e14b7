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
    entered_in_error: isSet(text(image['entered_in_error_id'])),
    deleted,
  }
}

/**
 * The newest (highest id) not entered in error, else the newest; null of none. A rescheduled note has several. Ids without an
 * order in time (uuid) leave it to the chain of replacements: the newest is the one that no other replaces.
 */
export function newestAppointment(appointments: Iterable<Appointment>): Appointment | null {
  const all = [...appointments]
  const valid = all.filter((appointment) => !appointment.entered_in_error)
  const replaced = new Set(valid.map((appointment) => appointment.appointment_rescheduled_from_id))
  let newest: Appointment | null = null
  for (const appointment of all) {
    if (newest === null || isPreferred(appointment, newest, replaced)) newest = appointment
  }
  return newest
}

function isPreferred(a: Appointment, b: Appointment, replaced: ReadonlySet<string | null>): boolean {
  if (a.entered_in_error !== b.entered_in_error) return b.entered_in_error
  if (integer.test(a.id) && integer.test(b.id)) return BigInt(a.id) > BigInt(b.id)
  if (replaced.has(a.id) !== replaced.has(b.id)) return replaced.has(b.id)
  return a.id > b.id
}

/** A reference to what marks it, or a boolean; the database gives a boolean's text. */
const isSet = (mark: string | null): boolean => mark !== null && mark !== 'false' && mark !== 'f'

const integer = /^-?\d+$/

const text = (value: FieldValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value)

function number(value: FieldValue | undefined): number | null {
  if (value === null || value === undefined || typeof value === 'boolean') return null
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : null
}
