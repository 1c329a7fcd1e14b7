// no_show: the front desk is paged, and told how often the patient has stayed away before.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_DUE,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

export class NoShowHandler extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'No-show handler',
    version: '1.0.0',
    description: 'Pages the front desk when a patient did not come',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  override async compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    if (this.field_changes.fields['state']?.[1] !== 'NSW') return result

    const missed = this.patient.appointments.filter((appointment) =>
      appointment.stateHistory.some((change) => change.state === 'NSW'),
    )
    result.status = STATUS_DUE
    result.add_narrative(`Missed ${missed.length} appointments`)
    send_notification(
      'front-desk',
      {
        patient: this.patient.patient.key,
        booked_for: this.appointment?.start_time,
        missed: missed.length,
      },
      { 'Content-Type': 'application/json' },
    )
    return result
  }
}
