// created: a new appointment of certain types is told to the forms service, which sends the patient what is to be filled in.
import {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  ProtocolResult,
  STATUS_NOT_APPLICABLE,
  send_notification,
} from 'notification-protocol'

export class IntakeForms extends ClinicalQualityMeasure {
  static override readonly Meta = {
    title: 'Intake forms',
    version: '1.0.0',
    description: 'Asks the forms service for the forms of a new appointment',
    types: ['Notification'],
    compute_on_change_types: [CHANGE_TYPE.APPOINTMENT],
    notification_only: true,
  } as const

  override async compute_results() {
    const result = new ProtocolResult()
    result.status = STATUS_NOT_APPLICABLE
    const { model_name, created, fields } = this.field_changes
    const isNew = model_name === 'appointment' && created && !('appointment_rescheduled_from_id' in fields)
    if (!isNew || !this.#noteTypes().includes(Number(fields['note_type_id']?.[1]))) return result
    send_notification(String(this.settings['FORMS_URL']), {
      patient: this.patient.patient_key,
      appointment: this.field_changes.external_id,
      due: this.appointment?.start_time,
    })
    return result
  }

  /** `"settings": { "FORMS_NOTE_TYPES": [1, 7] }` in the config; default: all of type 1. */
  #noteTypes(): number[] {
    const given = this.settings['FORMS_NOTE_TYPES']
    return Array.isArray(given) ? given.map(Number) : [1]
  }
}
