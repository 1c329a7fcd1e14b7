// What the WAL has shown of appointments: the journal's images with those of the batch over them, in WAL order. Owns which
// appointment a note stood for at a place in the batch, and what of the database's answer, which is of now, may be used there.
import { type FormerIdentity, newestAppointment } from './appointment.js'
import type { Appointment } from './captured-change.js'

/** The latest image of an appointment, and whether its insert was seen. */
export interface SeenAppointment {
  readonly appointment: Appointment
  readonly inserted: boolean
  /** In the journal: another of its note, neither deleted nor in error, replaces it. Told of ids that are no numbers. */
  readonly replaced: boolean
}

interface Seen extends SeenAppointment {
  /** Its first change in the batch; -1 where the journal had it. */
  readonly since: number
}

export class SeenAppointments {
  readonly #byId = new Map<string, Seen>()
  readonly #byNote = new Map<string, Set<string>>()

  /** @param journaled all that the batch touches, and of each note at least the first that it does not touch */
  constructor(journaled: Iterable<SeenAppointment>, touched: ReadonlySet<string>) {
    for (const seen of journaled) {
      // Of one that the batch touches, or whose replacement it does, it is seen here.
      const replaced = seen.replaced && !touched.has(seen.appointment.id)
      this.#set({ ...seen, replaced, since: -1 })
    }
  }

  /** @param former the id that the row had before this change of its primary key */
  put(at: number, appointment: Appointment, inserted: boolean, former: FormerIdentity | null): void {
    const moved = former === null ? undefined : this.#take(former)
    const before = this.#byId.get(appointment.id)
    this.#set({
      appointment,
      inserted: inserted || (before?.inserted ?? false) || (moved?.inserted ?? false),
      replaced: false,
      since: before?.since ?? moved?.since ?? at,
    })
  }

  /** The table was emptied: what was seen of it until now is deleted. */
  truncate(): void {
    for (const [id, seen] of this.#byId) {
      this.#byId.set(id, { ...seen, appointment: { ...seen.appointment, deleted: true }, replaced: false })
    }
  }

  #set(seen: Seen): void {
    const { id, note_id: note } = seen.appointment
    this.#byId.set(id, seen)
    // It may leave the note: `ofNote` looks.
    if (note === null) return
    const ids = this.#byNote.get(note) ?? new Set()
    this.#byNote.set(note, ids.add(id))
  }

  /** Ids may be handed on within a transaction: the image under the old one may be another row's by now. */
  #take({ id, externalId }: FormerIdentity): Seen | undefined {
    const seen = this.#byId.get(id)
    if (seen === undefined || seen.appointment.externally_exposable_id !== externalId) return undefined
    this.#byId.delete(id)
    return seen
  }

  /** As they are after all that was put. */
  ofNote(note: string): readonly Appointment[] {
    return [...(this.#byNote.get(note) ?? [])].flatMap((id) => {
      const appointment = this.#byId.get(id)?.appointment
      return appointment?.note_id === note ? [appointment] : []
    })
  }

  newest(ofNote: readonly Appointment[]): Appointment | null {
    return newestAppointment(ofNote, (id) => this.#byId.get(id)?.replaced === true)
  }

  /** Whether the batch shows the booking of the note's first appointment. */
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
    return this.newest([...seen, ...unseen])
  }
}
