// A model is a table under its canonical name: which columns it has under which names, which are dropped at decode, and
// which change type its changes map to. Taken from the config, fixed for the life of the daemon (spec sections 2, 11).
import type { ChangeType } from './change-type.js'

export interface Model {
  /** `appointment`, `notestatechangeevent`, or the key of a further model in the config. */
  readonly name: string
  readonly schema: string
  readonly table: string
  readonly changeType: ChangeType
  /** Real column name → canonical name, for the mapped columns only. Unmapped columns keep their own name. */
  readonly canonicalNames: ReadonlyMap<string, string>
  /** Real names of columns that are dropped at decode. */
  readonly excluded: ReadonlySet<string>
}

export const appointmentModel = 'appointment'
export const noteStateModel = 'notestatechangeevent'
export const patientModel = 'patient'

/** The key under which models are found from a relation: schema and table, neither of which may hold a NUL. */
export const tableKey = (schema: string, table: string): string => `${schema}\0${table}`
