// The appointments of patients as protocols see them (spec section 6). In: rows of the clinical database's one query. Out: for
// each patient the list, under the workflow kit's names. Owns that an id here is the very value that `field_changes` has of
// the same column: a number where that is one, so that a ported search by `canvas_id` finds.
import { appointmentOf } from './appointment.js'
import { readMoment } from './appointment-time.js'
import type { FieldValue } from './captured-change.js'
import { valueReader } from './values.js'

/** A number where `field_changes` has one for the column, else text (a uuid). */
export type RecordId = number | string

export interface PatientAppointmentState {
  readonly id: RecordId
  /** Three letters, like `CLD`. */
  readonly state: string
  /** In field_changes' format; null where the table has no such column, or the role may not read it. */
  readonly created: string | null
}

/** One appointment of a patient. The names are the kit's; times in field_changes' format. */
export interface PatientAppointment {
  readonly id: RecordId
  readonly externallyExposableId: string | null
  readonly noteId: RecordId | null
  readonly startTime: string | null
  readonly endTime: string | null
  /** The newest of `stateHistory` with the note that it is of; null where there is none. */
  readonly state: (PatientAppointmentState & { readonly note: RecordId | null }) | null
  /** Oldest first. */
  readonly stateHistory: readonly PatientAppointmentState[]
}

/** What the query gives: canonical columns as text, with the types of the ids, and the states as a JSON array. */
export type PatientAppointmentRow = Readonly<Record<string, string | null>>

interface EventRow {
  readonly id: string
  /** pg_type.oid, as text. */
  readonly type: string
  readonly state: string
  readonly created: string | null
}

/** @param zones of times without one, as the two models have them */
export function patientAppointment(
  row: PatientAppointmentRow,
  zones: { readonly ofAppointments: string; readonly ofStates: string },
): PatientAppointment {
  const { id, externally_exposable_id, note_id, start_time, end_time } = appointmentOf(row, false, zones.ofAppointments)
  const events = JSON.parse(row['state history'] ?? '[]') as EventRow[]
  const stateHistory = events.map(({ id, type, state, created }) => ({
    id: typed(id, type),
    state,
    created: readMoment(created, zones.ofStates),
  }))
  const noteId = note_id === null ? null : typed(note_id, row['type of note_id'])
  const newest = stateHistory.at(-1)
  return {
    id: typed(id, row['type of id']),
    externallyExposableId: externally_exposable_id,
    noteId,
    startTime: start_time,
    endTime: end_time,
    state: newest === undefined ? null : { ...newest, note: noteId },
    stateHistory,
  }
}

function typed(text: string, typeOid: string | null | undefined): RecordId {
  const value: FieldValue = valueReader(Number(typeOid))(text)
  return typeof value === 'number' ? value : text
}
