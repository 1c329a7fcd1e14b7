// The workflow kit's full list of change types (spec section 4), so that a ported protocol compiles. Owns that the two names
// which its code and its documentation have for one of them are one type.

export const CHANGE_TYPE = {
  ALLERGY_INTOLERANCE: 'ALLERGY_INTOLERANCE',
  APPOINTMENT: 'APPOINTMENT',
  BILLING_LINE_ITEM: 'BILLING_LINE_ITEM',
  CONDITION: 'CONDITION',
  CONSENT: 'CONSENT',
  COVERAGE: 'COVERAGE',
  ENCOUNTER: 'ENCOUNTER',
  EXTERNAL_EVENT: 'EXTERNAL_EVENT',
  /** The name that the kit's documentation has for it. */
  EXTERNAL_EVENTS: 'EXTERNAL_EVENT',
  IMAGING_REPORT: 'IMAGING_REPORT',
  IMMUNIZATION: 'IMMUNIZATION',
  INSTRUCTION: 'INSTRUCTION',
  INTERVIEW: 'INTERVIEW',
  LAB_ORDER: 'LAB_ORDER',
  LAB_REPORT: 'LAB_REPORT',
  MEDICATION: 'MEDICATION',
  MESSAGE: 'MESSAGE',
  PATIENT: 'PATIENT',
  PRESCRIPTION: 'PRESCRIPTION',
  PROCEDURE: 'PROCEDURE',
  PROTOCOL_OVERRIDE: 'PROTOCOL_OVERRIDE',
  REFERRAL_REPORT: 'REFERRAL_REPORT',
  SUSPECT_HCC: 'SUSPECT_HCC',
  TASK: 'TASK',
  VITAL_SIGN: 'VITAL_SIGN',
} as const

export type ChangeTypeName = keyof typeof CHANGE_TYPE

export type ChangeType = (typeof CHANGE_TYPE)[ChangeTypeName]

/** All that a config or a Meta may say. */
export const changeTypeNames = Object.keys(CHANGE_TYPE) as ChangeTypeName[]

/** @param name also as a journal of an earlier version has it */
export const changeTypeOf = (name: ChangeTypeName): ChangeType => CHANGE_TYPE[name]
