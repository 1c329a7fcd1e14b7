// All six notifications, as the texts that a clinic would have sent: what the built-in protocol tells apart, told by one's own.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

const texts: Readonly<Record<string, string>> = {
  CLD: 'Your appointment was cancelled.',
  NSW: 'We missed you.',
  RVT: 'Your appointment stands after all.',
  CVD: 'You are checked in.',
}

export class AppointmentMessages extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'Messages about appointments',
    version: '1.0.0',
    description: 'A text for each turn that an appointment takes',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  override compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    const text = this.text()
    if (text !== null) send_notification('messages', { patient: this.patient.patient_key, text })
    return result
  }

  private text(): string | null {
    const { model_name, created, deleted, fields } = this.field_changes
    if (deleted) return null
    if (model_name === 'notestatechangeevent') return texts[String(fields['state']?.[1])] ?? null
    const start = this.appointment?.start_time ?? 'a time to be agreed'
    if (created) {
      const isReplacement = fields['appointment_rescheduled_from_id']?.[1] !== undefined
      return isReplacement ? `Your appointment is now at ${start}.` : `You are booked for ${start}.`
    }
    return fields['start_time'] === undefined ? null : `Your appointment is now at ${start}.`
  }
}
