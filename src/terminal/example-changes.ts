// The changes that `protocols test` runs a protocol over where its author gives none: one for each of the six notifications, as
// the clinical model writes them (spec sections 2 and 3), and some that notify nothing. Nobody in them is real.
import type { Example } from './protocol-cases.js'

const uuid = 'e999b5c7-d12f-498c-816a-f3c66946a911'
const patient_key = '06669a76329f4577bea114bc50072da6'

const row = {
  id: [null, 14],
  externally_exposable_id: [null, uuid],
  patient_id: [null, 3],
  provider_id: [null, 13],
  start_time: [null, '2021-12-24T21:30:00+00:00'],
  duration_minutes: [null, 30],
  note_id: [null, 26],
  note_type_id: [null, 1],
  status: [null, 'unconfirmed'],
} satisfies Example['field_changes']['fields']

const appointment = {
  id: '14',
  externally_exposable_id: uuid,
  patient_id: '3',
  provider_id: '13',
  note_id: '26',
  note_type_id: '1',
  start_time: '2021-12-24T21:30:00+00:00',
  end_time: '2021-12-24T22:00:00+00:00',
  duration_minutes: 30,
  status: 'unconfirmed',
}

const inserted = { model_name: 'appointment', created: true, deleted: false }
const updated = { model_name: 'appointment', created: false, deleted: false, canvas_id: 14, external_id: uuid }

/** The kit's way to the appointment: the one whose state history has the event. */
const stateHistory = [
  { id: 39, state: 'BKD', created: '2021-12-20T11:33:20+00:00' },
  { id: 40, state: 'SCH', created: '2021-12-20T11:33:20+00:00' },
]

function stateChange(name: string, id: number, state: string): Example {
  const created = '2021-12-24T21:40:00+00:00'
  return {
    name,
    field_changes: {
      model_name: 'notestatechangeevent',
      created: true,
      deleted: false,
      fields: { id: [null, id], note_id: [null, 26], state: [null, state], created: [null, created] },
      canvas_id: id,
    },
    appointment,
    patient_key,
    patient_appointments: [
      {
        id: 14,
        externallyExposableId: uuid,
        noteId: 26,
        startTime: appointment.start_time,
        endTime: appointment.end_time,
        stateHistory: [...stateHistory, { id, state, created }],
      },
    ],
  }
}

export const builtInExamples: readonly Example[] = [
  { name: 'created', field_changes: { ...inserted, fields: row, canvas_id: 14, external_id: uuid }, patient_key },
  {
    name: 'rescheduled: replaced by a new appointment',
    field_changes: {
      ...inserted,
      fields: {
        ...row,
        id: [null, 15],
        externally_exposable_id: [null, '317d8c8d-6bfc-4d09-bf33-037718cd942a'],
        appointment_rescheduled_from_id: [null, 14],
        start_time: [null, '2021-12-27T15:00:00+00:00'],
      },
      canvas_id: 15,
      external_id: '317d8c8d-6bfc-4d09-bf33-037718cd942a',
    },
    patient_key,
  },
  {
    name: 'rescheduled: moved in place',
    field_changes: { ...updated, fields: { start_time: [appointment.start_time, '2021-12-27T15:00:00+00:00'] } },
    appointment: { ...appointment, start_time: '2021-12-27T15:00:00+00:00', end_time: '2021-12-27T15:30:00+00:00' },
    patient_key,
  },
  stateChange('cancelled', 41, 'CLD'),
  stateChange('no_show', 42, 'NSW'),
  stateChange('reverted', 43, 'RVT'),
  stateChange('checked_in', 44, 'CVD'),
  stateChange('a state that notifies nothing', 45, 'LKD'),
  {
    name: 'an update that notifies nothing',
    field_changes: { ...updated, fields: { status: ['unconfirmed', 'confirmed'] } },
    appointment: { ...appointment, status: 'confirmed' },
    patient_key,
  },
  {
    name: 'a deleted row',
    field_changes: {
      ...updated,
      deleted: true,
      fields: { id: [14, null], externally_exposable_id: [uuid, null], start_time: [appointment.start_time, null] },
    },
    appointment: { ...appointment, deleted: true },
    patient_key,
  },
]
