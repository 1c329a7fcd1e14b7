// Another table mapped to another change type. In the config:
//   "models": { "lab_report": { "table": "public.lab", "change_type": "LAB_REPORT" } }
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_DUE,
  STATUS_SATISFIED,
  send_notification,
} from 'notification-protocol'

export class LabReportPager extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'Lab report pager',
    version: '1.0.0',
    description: 'Pages the practice when a report is marked critical',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.LAB_REPORT],
    notification_only: true,
  } as const

  override compute_results() {
    const result = new ProtocolResult()
    const { fields, canvas_id: report } = this.field_changes
    const isCritical = fields['flag']?.[1] === 'critical'
    result.status = isCritical ? STATUS_DUE : STATUS_SATISFIED
    if (isCritical) send_notification('front-desk', { report, critical: true }, { 'x-priority': 'high' })
    return result
  }
}
