// A slot that became free is offered to the waitlist: what was booked there is known from the appointment, as it was at the commit.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

export class WaitlistOffer extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'Offer to the waitlist',
    version: '1.0.0',
    description: 'Offers the slot of a cancelled appointment',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  override compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    const isCancelled = this.field_changes.fields['state']?.[1] === 'CLD'
    const slot = this.appointment
    if (isCancelled && slot?.start_time != null) {
      const { start_time: start, end_time: end, provider_id: provider } = slot
      send_notification('waitlist', { provider, start, end })
      result.add_narrative('the slot was offered to the waitlist')
    }
    return result
  }
}
