// The latest image of every appointment that was seen in the WAL, by the note it stands on.
import type { Appointment } from '../change/captured-change.js'
import type { SeenAppointment } from '../change/seen-appointments.js'
import type { Sqlite } from './sqlite.js'

/** Of those that were seen. */
export function appointmentsById(sqlite: Sqlite, ids: readonly string[]): ReadonlyMap<string, Appointment> {
  const found = new Map<string, Appointment>()
  for (const id of ids) {
    const row = sqlite.get('SELECT appointment FROM appointment_image WHERE appointment_id = ?', [id])
    if (row !== null) found.set(id, JSON.parse(String(row['appointment'])) as Appointment)
  }
  return found
}

const query = 'SELECT appointment, inserted FROM appointment_image WHERE note_id = ?'

/** One indexed read a note: measured faster than a list of parameters, whose statement changes with its length. */
export function appointmentsOfNotes(
  sqlite: Sqlite,
  noteIds: readonly string[],
): ReadonlyMap<string, readonly SeenAppointment[]> {
  const found = new Map<string, SeenAppointment[]>()
  for (const note of noteIds) {
    const rows = sqlite.all(query, [note])
    if (rows.length > 0)
      found.set(
        note,
        rows.map((row) => ({
          appointment: JSON.parse(String(row['appointment'])) as Appointment,
          inserted: row['inserted'] === 1,
        })),
      )
  }
  return found
}
