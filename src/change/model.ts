// A model is a table under its canonical name: which columns it has under which names, which are dropped at decode, and
// which change type its changes map to. Taken from the config, fixed for the life of the daemon (spec sections 2, 11).
import type { Attribute } from '../capture/attributes.js'
import type { Lsn } from '../capture/lsn.js'
import type { ChangeType } from './change-type.js'

export interface TableShape {
  readonly oid: number
  /** What committed before it is in `attributes`; null: the table was being changed just then. */
  readonly at: Lsn | null
  readonly attributes: readonly Attribute[]
}

export interface Model {
  /** `appointment`, `notestatechangeevent`, `patient`, or the key of a further model in the config. */
  readonly name: string
  readonly schema: string
  readonly table: string
  readonly changeType: ChangeType
  /** Real column name → canonical name, for the mapped columns only. Unmapped columns keep their own name. */
  readonly canonicalNames: ReadonlyMap<string, string>
  /** Canonical name → real name of the columns without which the daemon does not run. */
  readonly required: ReadonlyMap<string, string>
  /** Names that columns had before they were renamed → canonical name: WAL from before has rows under them. */
  readonly formerNames: ReadonlyMap<string, string>
  /** Real names of columns that are dropped at decode. */
  readonly excluded: ReadonlySet<string>
  /** Real columns of the primary key, of a further model that maps no `id`: their values tell a row. Else none. */
  readonly rowKey: readonly string[]
  /** What the catalogs say of its columns at this connection; absent: nobody has asked. */
  readonly shape?: TableShape
  /** IANA name: whose clock its columns of `timestamp` without time zone show. */
  readonly timeZone: string
}

export const appointmentModel = 'appointment'
export const noteStateModel = 'notestatechangeevent'
export const patientModel = 'patient'

/** Canonical columns of spec section 2. The optional ones are read where the table has them or the config maps them. */
interface ClinicalColumns {
  readonly needed: readonly string[]
  readonly optional: readonly string[]
}

const clinicalColumns: Readonly<Record<string, ClinicalColumns>> = {
  [appointmentModel]: {
    needed: [
      'id',
      'externally_exposable_id',
      'patient_id',
      'appointment_rescheduled_from_id',
      'start_time',
      'duration_minutes',
      'note_id',
      'entered_in_error_id',
    ],
    optional: ['provider_id', 'note_type_id', 'status'],
  },
  [noteStateModel]: { needed: ['id', 'note_id', 'state'], optional: ['created'] },
  [patientModel]: { needed: ['id', 'key'], optional: [] },
}

/** Of any table: what a change says of its row's identity. */
const further: ClinicalColumns = { needed: [], optional: ['id', 'externally_exposable_id', 'patient_id'] }

export interface ModelOptions {
  readonly name: string
  readonly schema: string
  readonly table: string
  readonly changeType: ChangeType
  /** Canonical → real names, as far as the config gives them; the clinical models' other columns have their own names. */
  readonly columns: Readonly<Record<string, string>>
  /** Canonical → former real names. */
  readonly formerColumns?: Readonly<Record<string, readonly string[]>>
  readonly excluded: readonly string[]
  /** Default: UTC. */
  readonly timeZone?: string
}

/** A mapped `end_time` takes the place of `duration_minutes`, unless that is mapped too. */
export function makeModel({ columns, formerColumns = {}, excluded, timeZone = 'UTC', ...rest }: ModelOptions): Model {
  const clinical = clinicalColumns[rest.name] ?? further
  const isReplaced = (name: string) => name === 'duration_minutes' && 'end_time' in columns && !(name in columns)
  const needed = clinical.needed.filter((name) => !isReplaced(name))
  const realNames = new Map(Object.entries(columns))
  const required = new Map([...needed.map((name): [string, string] => [name, name]), ...realNames])
  const optional = clinical.optional.filter((name) => !required.has(name) && !excluded.includes(name))
  const canonicalNames = new Map([
    ...optional.map((name): [string, string] => [name, name]),
    ...[...required].map(([canonical, real]): [string, string] => [real, canonical]),
  ])
  const formerNames = new Map(
    Object.entries(formerColumns).flatMap(([canonical, names]) =>
      names.map((name): [string, string] => [name, canonical]),
    ),
  )
  return { ...rest, canonicalNames, formerNames, required, excluded: new Set(excluded), timeZone, rowKey: [] }
}

/** The key under which models are found from a relation: schema and table, neither of which may hold a NUL. */
export const tableKey = (schema: string, table: string): string => `${schema}\0${table}`

/** Models by `tableKey`. */
export const modelsByTable = (models: readonly Model[]): ReadonlyMap<string, Model> =>
  new Map(models.map((model) => [tableKey(model.schema, model.table), model]))
