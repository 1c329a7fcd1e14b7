// reverted: a cancellation was taken back, so the slot that was offered to the waitlist is withdrawn.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

export class SlotWithdrawal extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'Slot withdrawal',
    version: '1.0.0',
    description: 'Withdraws a slot from the waitlist',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  override async compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    if (this.field_changes.fields['state']?.[1] !== 'RVT' || this.appointment === null) return result
    const { provider_id: provider, start_time: from, end_time: to } = this.appointment
    send_notification('waitlist', { taken: { provider, from, to } })
    return result
  }
}
