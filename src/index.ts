// The public API: what a user's protocol imports from 'notification-protocol'. In a running daemon the same names come
// from compute/sdk.ts.
export type { Appointment, FieldChanges, FieldValue } from './change/captured-change.js'
export { CHANGE_TYPE, type ChangeType } from './change/change-type.js'
export type { PatientAppointment, PatientAppointmentState, RecordId } from './change/patient-appointments.js'
export { Patient } from './compute/patient.js'
export {
  type ChangeFacts,
  ClinicalQualityMeasure,
  type Meta,
  type ProtocolContext,
  type ProtocolLog,
} from './compute/protocol.js'
export {
  ProtocolResult,
  type ProtocolStatus,
  STATUS_DUE,
  STATUS_NOT_APPLICABLE,
  STATUS_NOT_RELEVANT,
  STATUS_PENDING,
  STATUS_SATISFIED,
  STATUS_SNOOZED,
  STATUS_UNCHANGED,
} from './compute/protocol-result.js'
export { send_notification } from './compute/send-notification.js'
