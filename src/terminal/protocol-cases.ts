// Example changes for `protocols test`. In: a file that an author wrote, or nothing: then the examples that are built in.
// Out: changes as the daemon would have resolved them, and what `this.patient.appointments` is.
import { existsSync, readFileSync } from 'node:fs'
import * as z from 'zod'
import { ConfigError, errorCode } from '../base/errors.js'
import { toLsn } from '../capture/lsn.js'
import { appointmentOf } from '../change/appointment.js'
import type { Appointment, FieldChanges, FieldValue, Image, ResolvedChange } from '../change/captured-change.js'
import { changeTypeNames, changeTypeOf } from '../change/change-type.js'
import { appointmentModel } from '../change/model.js'
import type { PatientAppointment } from '../change/patient-appointments.js'
import type { Source } from '../compute/computed-change.js'
import { builtInExamples } from './example-changes.js'
import type { TestCase } from './protocol-run.js'

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const text = z.string().nullable().default(null)

const appointmentSchema = z.strictObject({
  id: z.string(),
  externally_exposable_id: text,
  patient_id: text,
  provider_id: text,
  note_id: text,
  note_type_id: text,
  appointment_rescheduled_from_id: text,
  start_time: text,
  end_time: text,
  duration_minutes: z.number().nullable().default(null),
  status: text,
  entered_in_error: z.boolean().default(false),
  deleted: z.boolean().default(false),
})

const recordId = z.union([z.number(), z.string()])

const patientAppointmentSchema = z
  .strictObject({
    id: recordId,
    externallyExposableId: text,
    noteId: recordId.nullable().default(null),
    startTime: text,
    endTime: text,
    stateHistory: z.array(z.strictObject({ id: recordId, state: z.string(), created: text })).default([]),
  })
  .transform((given): PatientAppointment => {
    const newest = given.stateHistory.at(-1)
    return { ...given, state: newest === undefined ? null : { ...newest, note: given.noteId } }
  })

const exampleSchema = z.strictObject({
  /** Under which its results are saved and told. */
  name: z.string().min(1),
  change_type: z.enum(changeTypeNames).default('APPOINTMENT').transform(changeTypeOf),
  field_changes: z.strictObject({
    model_name: z.string(),
    created: z.boolean(),
    deleted: z.boolean(),
    fields: z.record(z.string(), z.tuple([value, value])),
    canvas_id: value,
    external_id: text,
    external_identifiers: z.null().default(null),
  }),
  /** Of a change of the model `appointment` it is taken from `field_changes` where it is not given. */
  appointment: appointmentSchema.nullable().optional(),
  patient_key: text,
  patient_appointments: z.array(patientAppointmentSchema).default([]),
})

export const examplesSchema = z.strictObject({
  /** Names that count as configured endpoints. */
  endpoints: z.array(z.string()).default([]),
  settings: z.record(z.string(), z.unknown()).default({}),
  /** None: those that are built in. */
  changes: z
    .array(exampleSchema)
    .refine((changes) => new Set(changes.map(({ name }) => name)).size === changes.length, 'two changes have one name')
    .optional(),
})

export type Example = z.input<typeof exampleSchema>

export interface Examples {
  /** For people: where the changes are from. */
  readonly from: string
  readonly endpoints: readonly string[]
  readonly settings: Readonly<Record<string, unknown>>
  readonly cases: readonly TestCase[]
}

/** @param isNamed the author named it, so it has to be there. @throws ConfigError */
export function readExamples(file: string, isNamed: boolean): Examples {
  const given = isNamed || existsSync(file) ? readJson(file, examplesSchema) : examplesSchema.parse({})
  const changes = given.changes ?? builtInExamples.map((example) => exampleSchema.parse(example))
  const from = given.changes === undefined ? 'the built-in examples' : file
  return { from, endpoints: given.endpoints, settings: given.settings, cases: changes.map(caseOf) }
}

const source: Source = { systemIdentifier: '7000000000000000000', timeline: 1 }
const firstLsn = 0x16b3748n
/** 2021-12-20T11:33:20Z, a second for each example. */
const firstCommit = 1_640_000_000_000_000

function caseOf(example: z.output<typeof exampleSchema>, index: number): TestCase {
  const { name, field_changes: fieldChanges, patient_appointments: appointments } = example
  const { created, deleted, fields } = fieldChanges
  const row = Object.entries(fields).map(([column, [old, now]]): [string, FieldValue] => [column, deleted ? old : now])
  const image: Record<string, FieldValue> = {
    ...Object.fromEntries(row),
    id: fieldChanges.canvas_id,
    externally_exposable_id: fieldChanges.external_id,
  }
  const appointment = example.appointment === undefined ? appointmentIn(fieldChanges, image) : example.appointment
  // Without a patient there is nobody to ask about.
  if (appointments.length > 0) image['patient_id'] ??= 'example'
  const change: ResolvedChange = {
    commitLsn: toLsn(firstLsn + BigInt(index) * 0x100n),
    committedAt: firstCommit + index * 1_000_000,
    ordinal: 0,
    operation: created ? 'insert' : deleted ? 'delete' : 'update',
    changeType: example.change_type,
    fieldChanges,
    withoutOldImage: false,
    image,
    appointment,
    resolvedFrom: appointment === null ? 'none' : 'row',
    patientKey: example.patient_key,
  }
  return { name, change, source, appointments }
}

const appointmentIn = ({ model_name: model, deleted }: FieldChanges, image: Image): Appointment | null =>
  model === appointmentModel ? appointmentOf(image, deleted) : null

/** @throws ConfigError that says where the file is not what was expected. */
export function readJson<T>(file: string, schema: z.ZodType<T>): T {
  const checked = schema.safeParse(parsed(file))
  if (checked.success) return checked.data
  throw new ConfigError(
    file,
    checked.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  )
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown
  } catch (cause) {
    const message =
      cause instanceof SyntaxError ? `is no JSON: ${cause.message}` : `cannot be read (${errorCode(cause)})`
    throw new ConfigError(file, [{ path: '', message }], { cause })
  }
}
