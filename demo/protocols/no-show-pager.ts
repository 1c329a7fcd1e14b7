// A protocol of one's own: pages the front desk when a patient did not come. Named in the config under `protocols`.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

export class NoShowPager extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'No-show pager',
    version: '1.0.0',
    description: 'Pages the front desk',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  override async compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    if (this.field_changes.fields['state']?.[1] === 'NSW') {
      send_notification('front-desk', { patient: this.patient.patient_key, booked_for: this.appointment?.start_time })
    }
    return result
  }
}
