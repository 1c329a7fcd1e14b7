// Captured changes and the default models, for tests of the resolver.
import type { Appointment, CapturedChange, FieldValue } from '../../src/change/captured-change.js'
import type { ClinicalModels } from '../../src/change/clinical-database.js'
import { makeModel } from '../../src/change/model.js'
import type { AppointmentImages } from '../../src/change/resolve.js'
import { type ChangeParts, change } from '../compute/changes.js'

const model = (name: string, table: string) =>
  makeModel({ name, schema: 'public', table, changeType: 'APPOINTMENT', columns: {}, excluded: [] })

export const clinicalModels: ClinicalModels = {
  appointment: model('appointment', 'appointment'),
  noteState: model('notestatechangeevent', 'note_state_change_event'),
  patient: model('patient', 'patient'),
}

/** What a journal would have seen of these, all of them booked in its sight. */
export const imagesOf = (...appointments: Appointment[]): AppointmentImages => {
  const all = appointments.map((appointment) => ({ appointment, inserted: true, replaced: false }))
  return {
    ofNotes: (notes) => all.filter(({ appointment }) => notes.has(appointment.note_id ?? '')),
    byId: (ids) => [...ids].flatMap((id) => all.filter(({ appointment }) => appointment.id === id)),
    isWhole: (note) => appointments.some((one) => one.note_id === note && one.appointment_rescheduled_from_id === null),
  }
}

/** Of the row `image`, not yet resolved. */
export function captured(
  name: string,
  image: Readonly<Record<string, FieldValue>>,
  parts: Pick<ChangeParts, 'commitLsn' | 'ordinal' | 'operation' | 'fields' | 'id'> = {},
): CapturedChange {
  const { appointment: _, resolvedFrom: _from, patientKey: _key, ...rest } = change({ ...parts, model: name })
  return { ...rest, image }
}
