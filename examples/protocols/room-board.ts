// checked_in: the board in the corridor shows who is called next. It wants plain text, and a token of its own.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

export class RoomBoard extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'Room board',
    version: '1.0.0',
    description: 'Shows an arrival on the board of the provider',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  override async compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    if (this.field_changes.fields['state']?.[1] !== 'CVD' || this.appointment === null) return result
    const { provider_id: provider, start_time: start } = this.appointment
    send_notification(`${this.settings['BOARD_URL']}/${provider}`, `ARRIVED ${start?.slice(11, 16) ?? '?'}`, {
      'Content-Type': 'text/plain',
      'X-Board-Token': String(this.settings['BOARD_TOKEN']),
    })
    return result
  }
}
