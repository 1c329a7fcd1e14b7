// The `models` key of the config: which table and columns each model has. In: the parsed JSON. Out: the same with its
// defaults, free of contradictions: one model a table, one canonical name a column, nothing mapped that is excluded.
import * as z from 'zod'
import { CHANGE_TYPE, changeTypeNames } from './change/change-type.js'
import { appointmentModel, makeModel, noteStateModel, patientModel } from './change/model.js'
import { isTimeZone } from './change/time-zone.js'

/** Canonical column names that the config may map, by clinical model (spec section 2). */
export const canonicalColumns = {
  [appointmentModel]: [
    'id',
    'externally_exposable_id',
    'patient_id',
    'provider_id',
    'appointment_rescheduled_from_id',
    'start_time',
    'duration_minutes',
    'end_time',
    'note_id',
    'note_type_id',
    'status',
    'entered_in_error_id',
  ],
  [noteStateModel]: ['id', 'note_id', 'state', 'created'],
  [patientModel]: ['id', 'key'],
} as const

export interface TableName {
  readonly schema: string
  readonly table: string
}

const namePart = '("(?:[^"]|"")+"|[^\\s".]+)'
const tablePattern = new RegExp(`^(?:${namePart}\\.)?${namePart}$`)
const unquote = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name)

/**
 * Reads `schema.table` or `table` (of schema public). Unquoted names are taken as they stand, capitals too; a name with
 * a dot, a space or a quote in it is quoted as in SQL: `"My Schema"."Table"`.
 * @throws RangeError where the text is no such name.
 */
export function parseTableName(text: string): TableName {
  const match = tablePattern.exec(text)
  if (match?.[2] === undefined) throw new RangeError(`expected ${tableHelp}`)
  return { schema: match[1] === undefined ? 'public' : unquote(match[1]), table: unquote(match[2]) }
}

const tableHelp = 'schema.table, table, or quoted names: "My Schema"."Table"'
const clinicalNames = `${appointmentModel}, ${noteStateModel} and ${patientModel}`

const tableName = z
  .string({ error: ({ input }) => (input === undefined ? `only ${clinicalNames} have a default table` : undefined) })
  .regex(tablePattern, `expected ${tableHelp}`)
  .describe('The table: schema.table, or table for one of schema public. Quote names as in SQL where they need it.')

const realName = z.string().min(1).max(63)

const excludedColumns = z
  .array(realName)
  .default([])
  .describe('Real names of columns that are dropped at decode: they reach neither journal nor protocols.')

const columnsHelp = 'Canonical column name → real name; only those that differ are needed.'

const timeZone = z
  .string()
  .refine(isTimeZone, { error: 'expected the IANA name of a time zone, like America/New_York' })
  .default('UTC')
  .describe(
    'Whose clock its columns of timestamp without time zone show (IANA name). An hour that the clock showed twice is the first of them, one that it left out is shifted forward.',
  )

const formerNames = z.array(realName)

const formerHelp =
  'Canonical column name → the names that the column had before it was renamed, for rows that the WAL holds from before.'

function clinicalModel(name: keyof typeof canonicalColumns, table: string) {
  const columns = Object.fromEntries(canonicalColumns[name].map((column) => [column, z.exactOptional(realName)]))
  return z.strictObject({
    table: tableName.default(table),
    columns: z.strictObject(columns).default({}).describe(columnsHelp),
    former_columns: z.partialRecord(z.enum(canonicalColumns[name]), formerNames).default({}).describe(formerHelp),
    exclude_columns: excludedColumns,
    time_zone: timeZone,
  })
}

const furtherModel = z
  .strictObject({
    table: tableName,
    change_type: z
      .enum(changeTypeNames)
      .describe('The change type that the changes of this table have for protocols (compute_on_change_types).'),
    columns: z.record(z.string().min(1), realName).default({}).describe(columnsHelp),
    former_columns: z.record(z.string().min(1), formerNames).default({}).describe(formerHelp),
    exclude_columns: excludedColumns,
    time_zone: timeZone,
  })
  .describe('A further table whose changes protocols compute on.')

export const modelsSchema = z
  .object({
    [appointmentModel]: clinicalModel(appointmentModel, 'public.appointment')
      .prefault({})
      .describe('The appointments. Their end is start_time + duration_minutes, or end_time where that is mapped.'),
    [noteStateModel]: clinicalModel(noteStateModel, 'public.note_state_change_event')
      .prefault({})
      .describe('The changes of a note’s state: a row for each.'),
    [patientModel]: clinicalModel(patientModel, 'public.patient')
      .omit({ former_columns: true, time_zone: true })
      .prefault({})
      .describe('The patients; read for their keys, not followed.'),
  })
  .catchall(furtherModel)
  .superRefine(
    (models, context) => {
      const complain = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
      const owners = new Map<string, string>()
      for (const [name, entry] of Object.entries(models)) {
        const { data: model } = comparable.safeParse(entry)
        if (model === undefined) continue
        const { schema, table } = parseTableName(model.table)
        const owner = owners.get(`${schema}\0${table}`)
        if (owner !== undefined) complain([name, 'table'], `expected a table of its own, but models.${owner} has it`)
        owners.set(`${schema}\0${table}`, name)
        for (const [path, message] of columnContradictions(name, model)) complain([name, ...path], message)
      }
    },
    { when: ({ value }) => z.record(z.string(), z.unknown()).safeParse(value).success },
  )

/** What the comparison of models needs; a model that is not even this has its own issues. */
const comparable = furtherModel.pick({ table: true, columns: true, exclude_columns: true }).strip()
type ModelConfig = z.output<typeof comparable>

/** Mapped columns that are excluded too, and canonical names that share a column. */
function* columnContradictions(name: string, model: ModelConfig): Generator<[path: string[], message: string]> {
  const { required, excluded } = makeModel({
    name,
    ...parseTableName(model.table),
    changeType: CHANGE_TYPE.APPOINTMENT, // any: columns do not depend on it
    columns: model.columns,
    excluded: model.exclude_columns,
  })
  const owners = new Map<string, string>()
  for (const [canonical, real] of required) {
    const owner = owners.get(real)
    if (owner !== undefined)
      yield [['columns', canonical], `expected a column of its own, but ${owner} is mapped to it`]
    owners.set(real, canonical)
    if (excluded.has(real)) {
      yield [['exclude_columns'], `the column of ${canonical} is needed and cannot be excluded`]
    }
  }
}
