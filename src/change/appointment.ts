// An appointment from the image of its row, and the one that a note stands for among several (spec section 5). Pure.

import { appointmentEnd, readMoment } from './appointment-time.js'
import type { Appointment, CapturedChange, FieldValue, Image } from './captured-change.js'

/**
 * @param image mapped columns under canonical names; a column that the table does not have is null.
 * @param timeZone of times without one, as the appointments' model has it
 */
export function appointmentOf(image: Image, deleted: boolean, timeZone = 'UTC'): Appointment {
  const startTime = readMoment(image['start_time'], timeZone)
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
    end_time: 'end_time' in image ? readMoment(image['end_time'], timeZone) : appointmentEnd(startTime, minutes),
    duration_minutes: minutes,
    status: text(image['status']),
    entered_in_error: isSet(text(image['entered_in_error_id'])),
    deleted,
  }
}

/**
 * Of those that are not deleted the newest (highest id) not entered in error, else the newest; only where all are deleted one
 * of these; null of none. A rescheduled note has several. Ids without an order in time (uuid) leave it to the chain of
 * replacements: the newest is the one that no other replaces.
 * @param isReplaced whether one that is not among these replaces it
 */
export function newestAppointment(
  appointments: Iterable<Appointment>,
  isReplaced: (id: string) => boolean = () => false,
): Appointment | null {
  const all = [...appointments]
  const valid = all.filter(({ entered_in_error, deleted }) => !entered_in_error && !deleted)
  const targets = new Set(valid.map((appointment) => appointment.appointment_rescheduled_from_id))
  const replaced = (id: string) => targets.has(id) || isReplaced(id)
  let newest: Appointment | null = null
  for (const appointment of all) {
    if (newest === null || isPreferred(appointment, newest, replaced)) newest = appointment
  }
  return newest
}

function isPreferred(a: Appointment, b: Appointment, replaced: (id: string) => boolean): boolean {
  if (a.deleted !== b.deleted) return b.deleted
  if (a.entered_in_error !== b.entered_in_error) return b.entered_in_error
  if (integer.test(a.id) && integer.test(b.id)) return BigInt(a.id) > BigInt(b.id)
  if (replaced(a.id) !== replaced(b.id)) return replaced(b.id)
  return a.id > b.id
}

/** What an appointment's row was known by before its primary key changed. */
export interface FormerIdentity {
  readonly id: string
  readonly externalId: string | null
}

/** Null where the change did not change the id of the row. */
export function formerIdentity({ operation, fieldChanges, image }: CapturedChange): FormerIdentity | null {
  const former = fieldChanges.fields['id']?.[0] ?? null
  if (operation !== 'update' || former === null) return null
  const external = fieldChanges.fields['externally_exposable_id']?.[0] ?? image['externally_exposable_id']
  return { id: String(former), externalId: text(external) }
}

/** A reference to what marks it, or a flag: a boolean, 0 or 1, or a word that PostgreSQL reads as a boolean. */
const isSet = (mark: string | null): boolean => mark !== null && !unset.includes(mark.toLowerCase())

/** How a flag says no, in lower case. https://www.postgresql.org/docs/current/datatype-boolean.html */
export const unset: readonly string[] = ['false', 'f', '0', 'no', 'n', 'off', '']

const integer = /^-?\d+$/

const text = (value: FieldValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value)

function number(value: FieldValue | undefined): number | null {
  if (value === null || value === undefined || typeof value === 'boolean') return null
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : null
}
