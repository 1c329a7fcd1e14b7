// All six notifications by one protocol, as the workflow kit's own appointment protocol made them. The daemon has this built in;
// start from it where the payload is to be another.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

const state_map: Readonly<Record<string, string>> = {
  CLD: 'cancelled',
  NSW: 'no_show',
  RVT: 'reverted',
  CVD: 'checked_in',
}

export class AppointmentWebhook extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'Appointment webhook',
    version: '1.0.0',
    description: 'Tells a server of appointments',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  get_new_field_value(name: string) {
    return this.field_changes.fields[name]?.[1]
  }

  override async compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    const appointment = this.appointment
    if (appointment === null || this.field_changes.deleted) return result
    const canvas_patient_key = this.patient.patient.key
    const appointment_external_id = appointment.externally_exposable_id
    let payload: object

    if (this.field_changes.model_name === 'notestatechangeevent') {
      const what = state_map[String(this.get_new_field_value('state'))]
      if (what === undefined) return result
      payload = { canvas_patient_key, [what]: true, appointment_external_id }
    } else {
      const replaces = this.get_new_field_value('appointment_rescheduled_from_id') != null
      const moved = 'start_time' in this.field_changes.fields || 'duration_minutes' in this.field_changes.fields
      if (!this.field_changes.created && !replaces && !moved) return result
      const what = this.field_changes.created && !replaces ? 'created' : 'rescheduled'
      const { start_time, end_time } = appointment
      payload = { canvas_patient_key, appointment_external_id, start_time, end_time, [what]: true }
    }

    send_notification('scheduling', payload, { 'Content-Type': 'application/json' })
    return result
  }
}
