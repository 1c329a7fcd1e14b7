// The built-in protocol: which of the six notifications a change of an appointment is, with the payload of the source
// document, or the reason why it is none (spec section 5). Pure.
import type { Appointment, ResolvedChange } from '../change/captured-change.js'
import { appointmentModel, noteStateModel } from '../change/model.js'

export const appointmentNotification = 'AppointmentNotification'

export const notificationNames = ['created', 'rescheduled', 'cancelled', 'no_show', 'reverted', 'checked_in'] as const
export type NotificationName = (typeof notificationNames)[number]

/** Note state → notification, as `note_states` of the config. */
export type NoteStates = ReadonlyMap<string, NotificationName>

export type AppointmentVerdict =
  | { readonly tag: 'notify'; readonly notification: NotificationName; readonly payload: object }
  | { readonly tag: 'nothing'; readonly reason: string }

const nothing = (reason: string): AppointmentVerdict => ({ tag: 'nothing', reason })

/** The reason of a row gap: what changed is not known. */
export const noOldImage = 'no old image'

export function judgeAppointmentChange(change: ResolvedChange, noteStates: NoteStates): AppointmentVerdict {
  if (change.fieldChanges.deleted) return nothing('a deleted row notifies nothing')
  const isBlind = change.withoutOldImage && change.oldRowFrom === undefined
  switch (change.fieldChanges.model_name) {
    case appointmentModel:
      return isBlind ? nothing(noOldImage) : ofAppointment(change)
    case noteStateModel: {
      const verdict = ofNoteState(change, noteStates)
      return isBlind && verdict.tag === 'notify' ? nothing(noOldImage) : verdict
    }
    default:
      return nothing('not an appointment and not a note state change')
  }
}

function ofAppointment(change: ResolvedChange): AppointmentVerdict {
  const { appointment, patientKey } = change
  if (appointment === null) return nothing('the row is not an appointment')
  const { created, fields } = change.fieldChanges
  if (created) {
    // Of the appointment as it was at the commit too: another statement of the transaction may have set the link.
    const link = fields['appointment_rescheduled_from_id']?.[1] ?? appointment.appointment_rescheduled_from_id
    return withTimes(link === null ? 'created' : 'rescheduled', appointment, patientKey)
  }
  if ('start_time' in fields || 'duration_minutes' in fields || 'end_time' in fields) {
    return withTimes('rescheduled', appointment, patientKey)
  }
  return nothing('its times did not change')
}

function ofNoteState(change: ResolvedChange, noteStates: NoteStates): AppointmentVerdict {
  const state = change.fieldChanges.fields['state']?.[1]
  if (typeof state !== 'string') return nothing('the state did not change')
  const notification = noteStates.get(state)
  if (notification === undefined) return nothing(`state ${state} is not in note_states`)
  const { appointment, patientKey } = change
  if (appointment === null) return nothing('the note has no appointment')
  const payload = {
    canvas_patient_key: patientKey,
    [notification]: true,
    appointment_external_id: appointment.externally_exposable_id,
  }
  return { tag: 'notify', notification, payload }
}

function withTimes(
  notification: 'created' | 'rescheduled',
  appointment: Appointment,
  patientKey: string | null,
): AppointmentVerdict {
  const payload = {
    canvas_patient_key: patientKey,
    appointment_external_id: appointment.externally_exposable_id,
    start_time: appointment.start_time,
    end_time: appointment.end_time,
    [notification]: true,
  }
  return { tag: 'notify', notification, payload }
}
