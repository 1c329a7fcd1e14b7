// The latest image of every appointment that was seen in the WAL, by the note it stands on. Owns the order in which the
// appointments of a note stand for it: `newestAppointment`'s, kept in an index, so that one of ten thousand costs no more
// than one.
import { formerIdentity } from '../change/appointment.js'
import type { Appointment, ResolvedChange } from '../change/captured-change.js'
import type { AppointmentImages } from '../change/resolve.js'
import type { SeenAppointment } from '../change/seen-appointments.js'
import type { Sqlite } from './sqlite.js'

const columns = 'appointment, inserted, replaced'
/** Parameters: a note, and how many. */
export const imagesOfNote = `
  SELECT ${columns} FROM appointment_image WHERE note_id = ?
   ORDER BY standing, number DESC, replaced, appointment_id DESC LIMIT ?`
const byId = `SELECT ${columns} FROM appointment_image WHERE appointment_id = ?`
const firstOfNote =
  'SELECT 1 AS found FROM appointment_image WHERE note_id = ? AND inserted = 1 AND replaces IS NULL LIMIT 1'

const put = `
  INSERT INTO appointment_image (appointment_id, note_id, appointment, inserted, standing, number, replaces)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (appointment_id) DO UPDATE SET note_id = excluded.note_id, appointment = excluded.appointment,
    inserted = max(inserted, excluded.inserted), standing = excluded.standing, number = excluded.number,
    replaces = excluded.replaces`
const take = `
  DELETE FROM appointment_image
   WHERE appointment_id = ? AND json_extract(appointment, '$.externally_exposable_id') IS ? RETURNING inserted`
const replacedBy = 'SELECT replaces FROM appointment_image WHERE appointment_id = ?'
const judgeReplaced = `
  UPDATE appointment_image SET replaced = EXISTS (
    SELECT 1 FROM appointment_image r
     WHERE r.replaces = appointment_image.appointment_id AND r.note_id IS appointment_image.note_id AND r.standing = 0)
   WHERE appointment_id = ?`

export class JournaledImages implements AppointmentImages {
  constructor(private readonly sqlite: Sqlite) {}

  /** One indexed read a note: measured faster than a list of parameters, whose statement changes with its length. */
  ofNotes(atMost: ReadonlyMap<string, number>): readonly SeenAppointment[] {
    return [...atMost].flatMap(([note, count]) => this.sqlite.all(imagesOfNote, [note, count]).map(seen))
  }

  byId(ids: Iterable<string>): readonly SeenAppointment[] {
    return [...ids].flatMap((id) => this.sqlite.all(byId, [id]).map(seen))
  }

  isWhole(note: string): boolean {
    return this.sqlite.get(firstOfNote, [note]) !== null
  }
}

const seen = (row: Record<string, unknown>): SeenAppointment => ({
  appointment: JSON.parse(String(row['appointment'])) as Appointment,
  inserted: row['inserted'] === 1,
  replaced: row['replaced'] === 1,
})

/** Within a transaction of the caller's: the image of a change of the appointment's own row. @param json `appointment` as text */
export function putImage(sqlite: Sqlite, change: ResolvedChange, appointment: Appointment, json: string): void {
  const { id, note_id, deleted, entered_in_error, appointment_rescheduled_from_id: replaces } = appointment
  const former = formerIdentity(change)
  const moved = former === null ? null : sqlite.get(take, [former.id, former.externalId])
  const inserted = change.operation === 'insert' || moved?.['inserted'] === 1
  const number = wholeNumber(id)
  // By numbers the newest is known without its replacements.
  const before = number === null ? (sqlite.get(replacedBy, [id])?.['replaces'] ?? null) : null
  const standing = (deleted ? 2 : 0) + (entered_in_error ? 1 : 0)
  sqlite.run(put, [id, note_id, json, inserted ? 1 : 0, standing, number, replaces])
  if (number !== null) return
  for (const one of new Set([id, replaces, before])) if (typeof one === 'string') sqlite.run(judgeReplaced, [one])
}

const truncateImages = `
  UPDATE appointment_image SET standing = standing | 2, replaced = 0, appointment = json_set(appointment, '$.deleted', json('true'))
   WHERE standing < 2 OR replaced = 1`

/** Within a transaction of the caller's: the table was emptied, so that no appointment which was seen is living. */
export const emptyImages = (sqlite: Sqlite): void => void sqlite.run(truncateImages, [])

/** As SQLite's integers hold it; null for an id of another kind. */
function wholeNumber(id: string): bigint | null {
  if (!/^-?\d{1,19}$/.test(id)) return null
  const number = BigInt.asIntN(64, BigInt(id))
  return String(number) === id ? number : null
}
