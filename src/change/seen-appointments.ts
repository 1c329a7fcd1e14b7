// What the WAL has shown of appointments: the journal's images with those of the batch over them, in WAL order. Owns which
// appointment a note stood for at a place in the batch, and what of the database's answer, which is of now, may be used there.
import { newestAppointment } from './appointment.js'
import type { Appointment } from './captured-change.js'

/** The latest image of an appointment, and whether its insert was seen. */
export interface SeenAppointment {
  readonly appointment: Appointment
  readonly inserted: boolean
}

interface Seen extends SeenAppointment {
  /** Its first change in the batch; -1 where the journal had it. */
  readonly since: number
}

export class SeenAppointments {
  readonly #byId = new Map<string, Seen>()
  readonly #byNote = new Map<string, Set<string>>()

  constructor(journaled: Iterable<SeenAppointment>) {
    for (const { appointment, inserted } of journaled) this.put(-1, appointment, inserted)
  }

  put(at: number, appointment: Appointment, inserted: boolean): void {
    const before = this.#byId.get(appointment.id)
    this.#byId.set(appointment.id, {
      appointment,
      inserted: inserted || (before?.inserted ?? false),
      since: before?.since ?? at,
    })
    // It may leave the note: `ofNote` looks.
    if (appointment.note_id === null) return
    const ids = this.#byNote.get(appointment.note_id) ?? new Set()
    this.#byNote.set(appointment.note_id, ids.add(appointment.id))
  }

  /** As they are after all that was put. */
  ofNote(note: string): readonly Appointment[] {
    return [...(this.#byNote.get(note) ?? [])].flatMap((id) => {
      const appointment = this.#byId.get(id)?.appointment
      return appointment?.note_id === note ? [appointment] : []
    })
  }

  /** Whether the first appointment of the note was booked in our sight, so that no other was there before. */
  isWhole(ofNote: readonly Appointment[]): boolean {
    return ofNote.some(
      ({ id, appointment_rescheduled_from_id: from }) => from === null && this.#byId.get(id)?.inserted === true,
    )
  }

  /**
   * The newest of what was seen of a note by the change at `at`, and what the database has beside it: not what the WAL had
   * shown already, which was as its image says, nor what it shows the insert of later, which was not there yet.
   */
  newestAt(at: number, seen: readonly Appointment[], inDatabase: readonly Appointment[]): Appointment | null {
    const unseen = inDatabase.filter(({ id }) => {
      const known = this.#byId.get(id)
      return known === undefined || (known.since > at && !known.inserted)
    })
    return newestAppointment([...seen, ...unseen])
  }
}
