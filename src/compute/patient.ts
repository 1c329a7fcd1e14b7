// The patient of a change, as a protocol sees it (spec section 6), under the workflow kit's names.
import type { PatientAppointment } from '../change/patient-appointments.js'
import { strict, strictRecord } from './strict-members.js'

/** Records that runs of one batch share are made strict once. */
const records = new WeakMap<readonly PatientAppointment[], readonly PatientAppointment[]>()

export class Patient {
  /** The kit's second way to the same key: `this.patient.patient.key`. */
  readonly patient: { readonly key: string | null }
  /** All appointments of the patient as the clinical database has them when the change is computed, newest first. */
  readonly appointments: PatientAppointment[]

  constructor(
    /** Null: the change names no patient, or the patient has no key. */
    readonly patient_key: string | null,
    appointments: readonly PatientAppointment[],
  ) {
    this.patient = strict('patient.patient', { key: patient_key })
    const known = records.get(appointments) ?? appointments.map((one) => strictRecord('patient.appointments[…]', one))
    records.set(appointments, known)
    this.appointments = strict('patient.appointments', [...known])
  }
}
