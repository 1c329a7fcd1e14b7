// rescheduled: whether a new appointment replaces the old one or it was moved in place, the room calendar hears of both times.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

export class CalendarMover extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'Calendar mover',
    version: '1.0.0',
    description: 'Moves the entry in the room calendar',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  override async compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    const { model_name, created, deleted, fields } = this.field_changes
    if (model_name !== 'appointment' || deleted || this.appointment === null) return result
    const replaced = fields['appointment_rescheduled_from_id']?.[1] ?? null
    const moved = fields['start_time']
    if (replaced === null && (created || moved === undefined)) return result
    const { externally_exposable_id: appointment, start_time, end_time } = this.appointment
    send_notification('calendar', {
      appointment,
      // Of a replacement the old time is the old appointment's, and known under its id.
      moved_from: replaced === null ? { start_time: moved?.[0] } : { appointment_id: replaced },
      moved_to: { start_time, end_time },
    })
    return result
  }
}
