// The patient of a change, as a protocol sees it (spec section 6).
import type { PatientAppointment } from '../change/clinical-database.js'

export class Patient {
  /** The kit's second way to the same key: `this.patient.patient.key`. */
  readonly patient: { readonly key: string | null }
  readonly #appointments: () => Promise<readonly PatientAppointment[]>

  constructor(
    /** Null: the change names no patient, or the patient has no key. */
    readonly patient_key: string | null,
    appointments: () => Promise<readonly PatientAppointment[]>,
  ) {
    this.patient = { key: patient_key }
    this.#appointments = appointments
  }

  /** All appointments of the patient as the clinical database has them now, newest first. */
  appointments(): Promise<readonly PatientAppointment[]> {
    return this.#appointments()
  }
}
