// Captured changes in, the same with the appointment and the patient's key that they belong to, as they were at the commit
// (spec section 5). Owns where the answer comes from: the row's own image, else the images of the journal and of this
// batch in WAL order, and the clinical database for notes of which they know no appointment, or none that stands.
import { steadyNow } from '../base/time.js'
import { appointmentOf, formerIdentity, newestAppointment } from './appointment.js'
import type { Appointment, CapturedChange, ResolvedChange, ResolvedFrom } from './captured-change.js'
import type { ClinicalDatabase, Found } from './clinical-database.js'
import { linksSetLater } from './links.js'
import { appointmentModel, noteStateModel } from './model.js'
import { PatientKeys } from './patient-keys.js'
import { type SeenAppointment, SeenAppointments } from './seen-appointments.js'

/** The journal's side: the latest image of every appointment that it saw. */
export interface AppointmentImages {
  /** Of each note at most so many, those first that stand for it before others (`newestAppointment`). */
  ofNotes(atMost: ReadonlyMap<string, number>): readonly SeenAppointment[]
  byId(ids: Iterable<string>): readonly SeenAppointment[]
  /** Whether the first appointment of the note was booked in our sight, so that no other was there before. */
  isWhole(note: string): boolean
}

export interface ResolverOptions {
  /** Of the appointments' times that have none; see `Model`. */
  readonly timeZone: string
  /** How long a patient's key is taken for what it was. */
  readonly keysLiveMs: number
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

/** Keys of patients are looked up, and a key that changes, or an id that another person gets, is told from then on. */
const defaults: ResolverOptions = { timeZone: 'UTC', keysLiveMs: 5_000 }

export class Resolver {
  readonly #patientKeys: PatientKeys

  constructor(
    private readonly images: AppointmentImages,
    private readonly database: Pick<ClinicalDatabase, 'lookup'>,
    private readonly options: Partial<ResolverOptions> = {},
  ) {
    this.#patientKeys = new PatientKeys(50_000, options.keysLiveMs ?? defaults.keysLiveMs)
  }

  /** @throws what the clinical database throws; nothing is remembered of a batch that failed. */
  async resolve(changes: readonly CapturedChange[]): Promise<readonly ResolvedChange[]> {
    const { seen, answers, touched } = this.#fromImages(changes)
    const notes = new Set<string>()
    const keys = new Map<string, string>()
    const unknownPatients = new Set<string>()
    const nowMs = steadyNow()
    changes.forEach((change, at) => {
      const answer = answers[at] ?? none
      if ('note' in answer) notes.add(answer.note)
      const candidates =
        'note' in answer ? answer.seen.map(({ patient_id }) => patient_id) : [patientOf(change, answer)]
      for (const patient of candidates) {
        if (patient === null || keys.has(patient)) continue
        const key = this.#patientKeys.get(patient, nowMs)
        if (key === null) unknownPatients.add(patient)
        else keys.set(patient, key)
      }
    })
    const found = await this.#lookup([...notes], [...unknownPatients], touched, nowMs)
    for (const [patient, key] of found.patientKeys) keys.set(patient, key)
    const inDatabase = byNote(found.appointments)
    const resolution = (at: number): Resolution => {
      const answer = answers[at] ?? none
      if (!('note' in answer)) return answer
      const appointment = seen.newestAt(at, answer.seen, inDatabase.get(answer.note) ?? [])
      if (appointment === null) return none
      return { appointment, from: answer.seen.includes(appointment) ? 'image' : 'database' }
    }
    return changes.map((change, at) => {
      const { appointment, from } = resolution(at)
      const patient = patientOf(change, { appointment, from })
      const patientKey = patient === null ? null : (keys.get(patient) ?? null)
      return { ...change, appointment, resolvedFrom: from, patientKey }
    })
  }

  #fromImages(changes: readonly CapturedChange[]) {
    const links = linksSetLater(changes)
    const rows = changes.map((change, at) => (isAppointment(change) ? this.#ofRow(change, links.get(at)) : null))
    const notes = new Set(changes.map(noteOf).filter((note) => note !== null))
    const { seen, touched } = this.#journaled(notes, changes, rows)
    const answers = changes.map((change, at): Resolution | Question => {
      const row = rows[at] ?? null
      if (row !== null) {
        seen.put(at, row, change.operation === 'insert', formerIdentity(change))
        return { appointment: row, from: 'row' }
      }
      if (emptiesAppointments(change)) seen.truncate()
      const note = noteOf(change)
      if (note === null) return none
      const ofNote = seen.ofNote(note)
      const newest = seen.newest(ofNote)
      if (newest !== null) {
        // One in error, or deleted, stands for the note only where there is no other, and another may be older than the daemon.
        const isLast = newest.entered_in_error || newest.deleted
        if (isLast && !seen.isWhole(ofNote) && !this.images.isWhole(note)) return { note, seen: ofNote }
        return { appointment: newest, from: 'image' }
      }
      const appointment = committedWith(change, note, changes, rows, at)
      return appointment === null ? { note, seen: [] } : { appointment, from: 'image' }
    })
    return { seen, answers, touched: touched.size }
  }

  #ofRow({ image, fieldChanges }: CapturedChange, link: string | undefined): Appointment {
    const appointment = appointmentOf(image, fieldChanges.deleted, this.options.timeZone)
    return link === undefined ? appointment : { ...appointment, appointment_rescheduled_from_id: link }
  }

  /** The images that can tell what stands for these notes anywhere in the batch: no more than the batch is long, and one a note. */
  #journaled(notes: ReadonlySet<string>, changes: readonly CapturedChange[], rows: readonly (Appointment | null)[]) {
    const touched = new Set<string>()
    if (notes.size === 0) return { seen: new SeenAppointments([], touched), touched }
    const touch = (id: string | null | undefined) => void (typeof id === 'string' && touched.add(id))
    for (const [at, row] of rows.entries()) {
      touch(row?.id)
      touch(row?.appointment_rescheduled_from_id)
      const change = changes[at]
      if (row !== null && change !== undefined) touch(formerIdentity(change)?.id)
    }
    // Also what these replaced before: it may stand again.
    for (const { appointment } of this.images.byId([...touched])) touch(appointment.appointment_rescheduled_from_id)
    const images = this.images.byId(touched)
    // Of those that a TRUNCATE deletes in the midst of the batch another may be the newest than of those that were living.
    const before = changes.some(emptiesAppointments) ? everyOne : 1
    const atMost = new Map([...notes].map((note) => [note, before]))
    for (const { appointment } of images) {
      const count = appointment.note_id === null ? undefined : atMost.get(appointment.note_id)
      if (appointment.note_id !== null && count !== undefined) atMost.set(appointment.note_id, count + 1)
    }
    return { seen: new SeenAppointments([...this.images.ofNotes(atMost), ...images], touched), touched }
  }

  async #lookup(notes: string[], patients: string[], touched: number, nowMs: number): Promise<Found> {
    if (notes.length + patients.length === 0) return { appointments: [], patientKeys: new Map() }
    // Of what the batch touches, the images say how it was; one beside them is enough.
    const found = await this.database.lookup(notes, patients, touched + beside)
    for (const [patient, key] of found.patientKeys) this.#patientKeys.put(patient, key, nowMs)
    return found
  }
}

/** How many appointments of a note are looked at beside those of the batch: some may have an image that says otherwise. */
const beside = 100
const everyOne = 1_000_000

function byNote(appointments: readonly Appointment[]): ReadonlyMap<string | null, readonly Appointment[]> {
  const found = new Map<string | null, Appointment[]>()
  for (const appointment of appointments) {
    const ofNote = found.get(appointment.note_id)
    if (ofNote === undefined) found.set(appointment.note_id, [appointment])
    else ofNote.push(appointment)
  }
  return found
}

/** An application may write the state before the appointment; at the commit both are there. */
function committedWith(
  { commitLsn }: CapturedChange,
  note: string,
  changes: readonly CapturedChange[],
  rows: readonly (Appointment | null)[],
  from: number,
): Appointment | null {
  const written: Appointment[] = []
  for (let at = from + 1; changes[at]?.commitLsn === commitLsn; at += 1) {
    const row = rows[at] ?? null
    if (row?.note_id === note) written.push(row)
  }
  return newestAppointment(written)
}

/** TRUNCATE of the table of appointments. */
export const emptiesAppointments = ({ fieldChanges, operation }: CapturedChange): boolean =>
  fieldChanges.model_name === appointmentModel && operation === 'truncate'

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
