// Resolved changes for tests of compute.
import type { Lsn } from '../../src/capture/lsn.js'
import type { Appointment, FieldValue, ResolvedChange } from '../../src/change/captured-change.js'

export const appointment: Appointment = {
  id: '14',
  externally_exposable_id: 'e999b5c7-d12f-498c-816a-f3c66946a911',
  patient_id: '3',
  provider_id: '13',
  note_id: '26',
  note_type_id: '1',
  appointment_rescheduled_from_id: null,
  start_time: '2021-12-24T21:30:00+00:00',
  end_time: '2021-12-24T22:00:00+00:00',
  duration_minutes: 30,
  status: 'confirmed',
  entered_in_error: false,
  deleted: false,
}

export interface ChangeParts {
  readonly model?: string
  readonly operation?: ResolvedChange['operation']
  readonly changeType?: ResolvedChange['changeType']
  readonly fields?: Readonly<Record<string, readonly [FieldValue, FieldValue]>>
  readonly id?: number
  readonly withoutOldImage?: boolean
  readonly appointment?: Appointment | null
  readonly patientKey?: string | null
  readonly ordinal?: number
  readonly commitLsn?: bigint
}

export function change(parts: ChangeParts = {}): ResolvedChange {
  const operation = parts.operation ?? 'insert'
  const found = parts.appointment === undefined ? appointment : parts.appointment
  return {
    commitLsn: (parts.commitLsn ?? 0x16b3748n) as Lsn,
    committedAt: 1_640_000_000_123_456,
    ordinal: parts.ordinal ?? 0,
    operation,
    changeType: parts.changeType ?? 'APPOINTMENT',
    fieldChanges: {
      model_name: parts.model ?? 'appointment',
      created: operation === 'insert',
      deleted: operation === 'delete',
      fields: parts.fields ?? {},
      canvas_id: parts.id ?? 14,
      external_id: found?.externally_exposable_id ?? null,
      external_identifiers: null,
    },
    withoutOldImage: parts.withoutOldImage ?? false,
    image: {},
    appointment: found,
    resolvedFrom: found === null ? 'none' : 'row',
    patientKey: parts.patientKey === undefined ? '06669a76329f4577bea114bc50072da6' : parts.patientKey,
  }
}

export const source = { systemIdentifier: '7412345678901234567', timeline: 1 }
