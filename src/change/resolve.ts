// Captured changes in, the same with the appointment and the patient's key that they belong to, as they were at the commit
// (spec section 5). Owns where the answer comes from: the row's own image, else the images of the journal and of this
// batch in WAL order, and the clinical database for notes of which they know no appointment, or none that is valid.
import { appointmentOf, newestAppointment } from './appointment.js'
import type { Appointment, CapturedChange, ResolvedChange, ResolvedFrom } from './captured-change.js'
import type { ClinicalDatabase, Found } from './clinical-database.js'
import { appointmentModel, noteStateModel } from './model.js'
import { PatientKeys } from './patient-keys.js'
import { type SeenAppointment, SeenAppointments } from './seen-appointments.js'

/** The journal's side: the latest image of every appointment that it saw. */
export interface AppointmentImages {
  /** Latest images of all appointments of these notes, by note id. */
  appointmentsOfNotes(noteIds: readonly string[]): ReadonlyMap<string, readonly SeenAppointment[]>
}

interface Resolution {
  readonly appointment: Appointment | null
  readonly from: ResolvedFrom
}

/** A state change whose note may have an appointment from before the daemon was there: the database is asked. */
interface Question {
  readonly note: string
  /** What the WAL had shown of the note by then. */
  readonly seen: readonly Appointment[]
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
    const { seen, answers } = this.#fromImages(changes)
    const notes = new Set<string>()
    const unknownPatients = new Set<string>()
    changes.forEach((change, at) => {
      const answer = answers[at] ?? none
      if ('note' in answer) notes.add(answer.note)
      const candidates =
        'note' in answer ? answer.seen.map(({ patient_id }) => patient_id) : [patientOf(change, answer)]
      for (const patient of candidates) {
        if (patient !== null && this.#patientKeys.get(patient) === null) unknownPatients.add(patient)
      }
    })
    const found = await this.#lookup([...notes], [...unknownPatients])
    const resolution = (at: number): Resolution => {
      const answer = answers[at] ?? none
      if (!('note' in answer)) return answer
      const there = found.appointments.filter(({ note_id }) => note_id === answer.note)
      const appointment = seen.newestAt(at, answer.seen, there)
      if (appointment === null) return none
      return { appointment, from: answer.seen.includes(appointment) ? 'image' : 'database' }
    }
    const keyOf = (patient: string) => found.patientKeys.get(patient) ?? this.#patientKeys.get(patient)
    const resolved: ResolvedChange[] = []
    for (const [at, change] of changes.entries()) {
      const { appointment, from } = resolution(at)
      const patient = patientOf(change, { appointment, from })
      resolved.push({
        ...change,
        appointment,
        resolvedFrom: from,
        patientKey: patient === null ? null : keyOf(patient),
      })
    }
    return resolved
  }

  #fromImages(changes: readonly CapturedChange[]) {
    const notes = new Set(changes.map(noteOf).filter((note) => note !== null))
    const journaled = notes.size === 0 ? new Map() : this.images.appointmentsOfNotes([...notes])
    const seen = new SeenAppointments([...journaled.values()].flat())
    const answers = changes.map((change, at): Resolution | Question => {
      if (isAppointment(change)) {
        const appointment = appointmentOf(change.image, change.fieldChanges.deleted)
        seen.put(at, appointment, change.operation === 'insert')
        return { appointment, from: 'row' }
      }
      const note = noteOf(change)
      if (note === null) return none
      const ofNote = seen.ofNote(note)
      const newest = newestAppointment(ofNote)
      if (newest !== null) {
        // One in error stands for the note only where there is no other, and another may be older than the daemon.
        if (newest.entered_in_error && !seen.isWhole(ofNote)) return { note, seen: ofNote }
        return { appointment: newest, from: 'image' }
      }
      const appointment = committedWith(change, note, changes.slice(at + 1))
      return appointment === null ? { note, seen: [] } : { appointment, from: 'image' }
    })
    return { seen, answers }
  }

  async #lookup(notes: string[], patients: string[]): Promise<Found> {
    if (notes.length + patients.length === 0) return { appointments: [], patientKeys: new Map() }
    const found = await this.database.lookup(notes, patients)
    for (const [patient, key] of found.patientKeys) this.#patientKeys.put(patient, key)
    return found
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
