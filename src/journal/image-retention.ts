// Forgetting appointments' images by age. Owns which may go: one whose appointment, and every other one of its note, ended
// before; of which nothing is owed. The note is then resolved as one of before the daemon was there: from the database.
import type { Sqlite } from './sqlite.js'

const sliceRows = 500

/** Null where the text is no date that SQLite reads: infinity, BC, five digits. Such an image stays. */
const endedAt = `unixepoch(coalesce(json_extract(appointment, '$.end_time'), json_extract(appointment, '$.start_time')))`
const slice = `
  SELECT appointment_id, note_id, ${endedAt} AS ended_at,
         json_extract(appointment, '$.externally_exposable_id') AS external_id,
         json_extract(appointment, '$.patient_id') AS patient_id
    FROM appointment_image WHERE appointment_id > ? ORDER BY appointment_id LIMIT ${sliceRows}`
/** An older one of the note may not come to stand for it because a newer one went before it. */
const isStanding = `
  SELECT 1 AS found FROM appointment_image WHERE note_id = ? AND coalesce(${endedAt} >= ?, 1) LIMIT 1`
const endpointsOwed = `SELECT DISTINCT endpoint FROM delivery WHERE state = 'owed'`
const isOwed = `SELECT 1 AS found FROM delivery WHERE endpoint = ? AND lane = ? AND state = 'owed' LIMIT 1`
const forget = 'DELETE FROM appointment_image WHERE appointment_id = ?'

interface Row {
  readonly appointment_id: string
  readonly note_id: string | null
  /** Unix seconds. */
  readonly ended_at: number | null
  readonly external_id: string | null
  readonly patient_id: string | null
}

export interface PrunedImages {
  readonly images: number
  /** Where the next slice goes on; null: this was the last. */
  readonly after: string | null
}

/** Within a transaction: one slice of the images of appointments that ended before `before` (unix ms). */
export function pruneImages(sqlite: Sqlite, before: number, after: string): PrunedImages {
  const beforeS = before / 1_000
  const rows = sqlite.all<Row>(slice, [after])
  const old = rows.filter(({ ended_at }) => ended_at !== null && ended_at < beforeS)
  const endpoints = old.length === 0 ? [] : sqlite.all(endpointsOwed).map((row) => String(row['endpoint']))
  const standing = new Map<string, boolean>()
  const isOfStandingNote = (note: string): boolean => {
    const known = standing.get(note) ?? sqlite.get(isStanding, [note, beforeS]) !== null
    standing.set(note, known)
    return known
  }
  let images = 0
  for (const { appointment_id, note_id, external_id, patient_id } of old) {
    if (note_id !== null && isOfStandingNote(note_id)) continue
    // The lanes that what is owed of it may stand in: see laneOf.
    const kept = patient_id === null ? `appointment ${appointment_id}` : `patient ${patient_id}`
    const lane = external_id === null ? kept : `appointment ${external_id}`
    if (endpoints.some((endpoint) => sqlite.get(isOwed, [endpoint, lane]) !== null)) continue
    sqlite.run(forget, [appointment_id])
    images += 1
  }
  const last = rows.at(-1)
  return { images, after: rows.length < sliceRows || last === undefined ? null : last.appointment_id }
}
