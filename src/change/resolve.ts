// Captured changes in, the same with the appointment and the patient's key that they belong to, as they were at the commit
// (spec section 5). Owns where the answer comes from: the row's own image, else the images of the journal and of this
// batch in WAL order, and only for a note that no image knows the clinical database.
import { appointmentOf, newestAppointment } from './appointment.js'
import type { Appointment, CapturedChange, ResolvedChange, ResolvedFrom } from './captured-change.js'
import type { ClinicalDatabase, Found } from './clinical-database.js'
import { appointmentModel, noteStateModel } from './model.js'
import { PatientKeys } from './patient-keys.js'

/** The journal's side: the latest image of every appointment that it saw. */
export interface AppointmentImages {
  /** Latest images of all appointments of these notes, by note id. */
  appointmentsOfNotes(noteIds: readonly string[]): ReadonlyMap<string, readonly Appointment[]>
}

interface Resolution {
  readonly appointment: Appointment | null
  readonly from: ResolvedFrom
}

const none: Resolution = { appointment: null, from: 'none' }

export class Resolver {
  readonly #patientKeys = new PatientKeys(50_000)

  constructor(
    private readonly images: AppointmentImages,
    private readonly database: Pick<ClinicalDatabase, 'lookup'>,
  ) {}

  /** @throws what the clinical database throws; nothing is remembered of a batch that failed. */
  async resolve(changes: readonly CapturedChange[]): Promise<readonly ResolvedChange[]> {
    const resolutions = this.#fromImages(changes)
    const unknownNotes = new Set<string>()
    const unknownPatients = new Set<string>()
    changes.forEach((change, at) => {
      const note = resolutions[at] === undefined ? noteOf(change) : null
      if (note !== null) unknownNotes.add(note)
      const patient = patientOf(change, resolutions[at] ?? none)
      if (patient !== null && this.#patientKeys.get(patient) === null) unknownPatients.add(patient)
    })
    const found = await this.#lookup([...unknownNotes], [...unknownPatients])
    const fromDatabase = (change: CapturedChange): Resolution => {
      const note = noteOf(change)
      const appointment = newestAppointment(found.appointments.filter(({ note_id }) => note_id === note))
      return note === null || appointment === null ? none : { appointment, from: 'database' }
    }
    return changes.map((change, at) => {
      const resolution = resolutions[at] ?? fromDatabase(change)
      const patient = patientOf(change, resolution)
      const patientKey = patient === null ? null : (found.patientKeys.get(patient) ?? this.#patientKeys.get(patient))
      return { ...change, appointment: resolution.appointment, resolvedFrom: resolution.from, patientKey }
    })
  }

  /** Undefined where no image knows the note. */
  #fromImages(changes: readonly CapturedChange[]): (Resolution | undefined)[] {
    const notes = new Set(changes.map(noteOf).filter((note) => note !== null))
    const overlay = new ImageOverlay(notes.size === 0 ? new Map() : this.images.appointmentsOfNotes([...notes]))
    return changes.map((change, at) => {
      if (isAppointment(change)) {
        const appointment = appointmentOf(change.image, change.fieldChanges.deleted)
        overlay.put(appointment)
        return { appointment, from: 'row' }
      }
      const note = noteOf(change)
      if (note === null) return none
      const appointment = newestAppointment(overlay.ofNote(note)) ?? committedWith(change, note, changes.slice(at + 1))
      return appointment === null ? undefined : { appointment, from: 'image' }
    })
  }

  async #lookup(notes: string[], patients: string[]): Promise<Found> {
    if (notes.length + patients.length === 0) return { appointments: [], patientKeys: new Map() }
    const found = await this.database.lookup(notes, patients)
    for (const [patient, key] of found.patientKeys) this.#patientKeys.put(patient, key)
    return found
  }
}

/** The journal's images with those of the batch over them. An appointment may have left its note meanwhile. */
class ImageOverlay {
  readonly #byId = new Map<string, Appointment>()
  readonly #byNote = new Map<string, Set<string>>()

  constructor(journaled: ReadonlyMap<string, readonly Appointment[]>) {
    for (const appointments of journaled.values()) for (const appointment of appointments) this.put(appointment)
  }

  put(appointment: Appointment): void {
    this.#byId.set(appointment.id, appointment)
    if (appointment.note_id === null) return
    const ids = this.#byNote.get(appointment.note_id) ?? new Set()
    this.#byNote.set(appointment.note_id, ids.add(appointment.id))
  }

  *ofNote(note: string): Generator<Appointment> {
    for (const id of this.#byNote.get(note) ?? []) {
      const appointment = this.#byId.get(id)
      if (appointment?.note_id === note) yield appointment
    }
  }
}

/** An application may write the state before the appointment; at the commit both are there. */
function committedWith(change: CapturedChange, note: string, later: readonly CapturedChange[]): Appointment | null {
  const end = later.findIndex(({ commitLsn }) => commitLsn !== change.commitLsn)
  const rows = later.slice(0, end < 0 ? later.length : end).filter(isAppointment)
  const written = rows.map(({ image, fieldChanges }) => appointmentOf(image, fieldChanges.deleted))
  return newestAppointment(written.filter(({ note_id }) => note_id === note))
}

const isAppointment = (change: CapturedChange): boolean =>
  change.fieldChanges.model_name === appointmentModel && change.operation !== 'truncate'

function noteOf(change: CapturedChange): string | null {
  if (change.fieldChanges.model_name !== noteStateModel) return null
  const note = change.image['note_id'] ?? null
  return note === null ? null : String(note)
}

function patientOf(change: CapturedChange, { appointment }: Resolution): string | null {
  if (appointment !== null) return appointment.patient_id
  const patient = change.image['patient_id'] ?? null
  return patient === null ? null : String(patient)
}
