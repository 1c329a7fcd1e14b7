// Invented changes, one for each way in which an appointment's life is told, for authors who try a protocol without a database:
// the field_changes are as the daemon would make them. A file of the author's own adds others.
import * as z from 'zod'
import { parseLsn } from '../capture/lsn.js'
import type { Appointment, FieldValue, ResolvedChange } from '../change/captured-change.js'
import { CHANGE_TYPE, type ChangeType } from '../change/change-type.js'
import { appointmentModel, noteStateModel } from '../change/model.js'

export interface ExampleChange {
  readonly name: string
  readonly change: ResolvedChange
}

const lsn = parseLsn('0/16B3748')
const committedAt = Date.parse('2026-11-23T09:30:00Z') * 1000

const appointment: Appointment = {
  id: '14',
  externally_exposable_id: 'e999b5c7-d12f-498c-816a-f3c66946a911',
  patient_id: '3',
  provider_id: '13',
  note_id: '26',
  note_type_id: '1',
  appointment_rescheduled_from_id: null,
  start_time: '2026-12-24T21:30:00+00:00',
  end_time: '2026-12-24T22:00:00+00:00',
  duration_minutes: 30,
  status: 'confirmed',
  entered_in_error: false,
  deleted: false,
}

interface Parts {
  readonly model: string
  readonly operation: ResolvedChange['operation']
  readonly changeType: ChangeType
  readonly fields: Readonly<Record<string, readonly [FieldValue, FieldValue]>>
  readonly appointment: Appointment | null
  readonly patientKey: string | null
  readonly id: FieldValue
}

function changeOf({ model, operation, changeType, fields, appointment: of, patientKey, id }: Parts): ResolvedChange {
  return {
    commitLsn: lsn,
    committedAt,
    ordinal: 0,
    operation,
    changeType,
    fieldChanges: {
      model_name: model,
      created: operation === 'insert',
      deleted: operation === 'delete',
      fields,
      canvas_id: id,
      external_id: of?.externally_exposable_id ?? null,
      external_identifiers: null,
    },
    withoutOldImage: false,
    image: Object.fromEntries(Object.entries(fields).map(([name, [, after]]) => [name, after])),
    appointment: of,
    resolvedFrom: of === null ? 'none' : 'row',
    patientKey,
  }
}

const ofAppointment = (operation: 'insert' | 'update', fields: Parts['fields'], of = appointment) =>
  changeOf({
    model: appointmentModel,
    operation,
    changeType: CHANGE_TYPE.APPOINTMENT,
    fields,
    appointment: of,
    patientKey: '06669a76329f4577bea114bc50072da6',
    id: Number(of.id),
  })

const inserted = (of: Appointment): Parts['fields'] => ({
  id: [null, Number(of.id)],
  externally_exposable_id: [null, of.externally_exposable_id],
  patient_id: [null, 3],
  start_time: [null, of.start_time],
  duration_minutes: [null, 30],
  note_id: [null, 26],
  ...(of.appointment_rescheduled_from_id !== null && { appointment_rescheduled_from_id: [null, 14] as const }),
})

const state = (code: string) => ({
  ...changeOf({
    model: noteStateModel,
    operation: 'insert',
    changeType: CHANGE_TYPE.APPOINTMENT,
    fields: { id: [null, 7], note_id: [null, 26], state: [null, code] },
    appointment,
    patientKey: '06669a76329f4577bea114bc50072da6',
    id: 7,
  }),
})

const replacement: Appointment = {
  ...appointment,
  id: '15',
  externally_exposable_id: '210579e1-be4b-428d-8f9e-69595b47dbfe',
  appointment_rescheduled_from_id: '14',
  start_time: '2026-12-28T09:00:00+00:00',
  end_time: '2026-12-28T09:30:00+00:00',
}
const moved: Appointment = { ...replacement, id: '14', appointment_rescheduled_from_id: null }

export const exampleChanges: readonly ExampleChange[] = [
  { name: 'created', change: ofAppointment('insert', inserted(appointment)) },
  { name: 'rescheduled, by a replacement', change: ofAppointment('insert', inserted(replacement), replacement) },
  {
    name: 'rescheduled, in place',
    change: ofAppointment('update', { start_time: [appointment.start_time, moved.start_time] }, moved),
  },
  { name: 'cancelled', change: state('CLD') },
  { name: 'no_show', change: state('NSW') },
  { name: 'reverted', change: state('RVT') },
  { name: 'checked_in', change: state('CVD') },
]

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const ownChanges = z.array(
  z.strictObject({
    name: z.string().min(1),
    change_type: z.enum(CHANGE_TYPE),
    model: z.string().min(1),
    operation: z.enum(['insert', 'update', 'delete']).default('insert'),
    /** `{ column: [old, new] }` */
    fields: z.record(z.string(), z.tuple([value, value])),
    canvas_id: value.default(null),
    patient_key: z.string().nullable().default(null),
  }),
)

/** @throws z.ZodError where the parsed JSON of an author's file of changes has another shape */
export function ownExampleChanges(parsed: unknown): readonly ExampleChange[] {
  return ownChanges.parse(parsed).map(({ name, change_type, model, operation, fields, canvas_id, patient_key }) => {
    const parts = { model, operation, changeType: change_type, fields, patientKey: patient_key, id: canvas_id }
    return { name, change: changeOf({ ...parts, appointment: null }) }
  })
}
