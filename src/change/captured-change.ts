// The shapes a change takes on its walk: captured (typed field_changes), resolved (with its appointment and patient key).
// compute adds results and notifications to these; the journal stores all of it.
import type { Micros } from '../base/time.js'
import type { Lsn } from '../capture/lsn.js'
import type { ChangeType } from './change-type.js'

/** A typed value (spec section 3): exact text wherever a JavaScript number could not hold the value. */
export type FieldValue = string | number | boolean | null

/** Spec section 3, exactly these keys. `fields` maps a column's canonical (else own) name to `[old, new]`. */
export interface FieldChanges {
  readonly model_name: string
  readonly created: boolean
  readonly deleted: boolean
  readonly fields: Readonly<Record<string, readonly [FieldValue, FieldValue]>>
  readonly canvas_id: FieldValue
  readonly external_id: string | null
  readonly external_identifiers: null
}

/** The row after the change (before it, for a delete), mapped columns only, canonical names. */
export type Image = Readonly<Record<string, FieldValue>>

/** One journaled row change: the unit of compute. */
export interface CapturedChange {
  readonly commitLsn: Lsn
  readonly committedAt: Micros
  /** Among the transaction's change messages, from 0. */
  readonly ordinal: number
  /** A truncate has neither fields nor an image: it is journaled, and nothing computes on it. */
  readonly operation: 'insert' | 'update' | 'delete' | 'truncate'
  readonly changeType: ChangeType
  readonly fieldChanges: FieldChanges
  /**
   * Whether it came without its old row: an update, whose `fields` then shows `[null, new]` for every column, or a delete with
   * its key only.
   */
  readonly withoutOldImage: boolean
  /** Such a change, told from the last image that the WAL had shown of its row. Absent: it is not. */
  readonly oldRowFrom?: 'image'
  /** Such an update of a note state, to a state that notifies, where nobody knows the one before. Absent: it is none. */
  readonly stateBefore?: 'unknown'
  readonly image: Image
}

/**
 * An appointment as it was at the commit, canonical names. `id` and the other references are compared as text.
 * `start_time` and `end_time` are in field_changes' timestamptz format (UTC), `end_time` computed where only a duration is mapped.
 */
export interface Appointment {
  readonly id: string
  readonly externally_exposable_id: string | null
  readonly patient_id: string | null
  readonly provider_id: string | null
  readonly note_id: string | null
  readonly note_type_id: string | null
  readonly appointment_rescheduled_from_id: string | null
  readonly start_time: string | null
  readonly end_time: string | null
  readonly duration_minutes: number | null
  readonly status: string | null
  readonly entered_in_error: boolean
  readonly deleted: boolean
}

/** Where the appointment of a change came from; `none`: the change belongs to no appointment. */
export type ResolvedFrom = 'row' | 'image' | 'database' | 'none'

export interface ResolvedChange extends CapturedChange {
  readonly appointment: Appointment | null
  readonly resolvedFrom: ResolvedFrom
  readonly patientKey: string | null
}
