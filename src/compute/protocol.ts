// What a user's protocol extends (spec section 6), and the check of its Meta. Names are the workflow kit's, so that a
// protocol is ported statement by statement.
import * as z from 'zod'
import type { Appointment, FieldChanges } from '../change/captured-change.js'
import { type ChangeType, type ChangeTypeName, changeTypeNames, changeTypeOf } from '../change/change-type.js'
import type { Patient } from './patient.js'
import type { ProtocolResult } from './protocol-result.js'
import { lacking } from './strict-members.js'

export const metaSchema = z.looseObject({
  title: z.string(),
  version: z.string().default(''),
  description: z.string().default(''),
  types: z.array(z.string()).readonly().default([]),
  compute_on_change_types: z.array(z.enum(changeTypeNames).transform(changeTypeOf)).readonly().default([]),
  notification_only: z.boolean().default(false),
})

/** `Meta` as an author writes it; what it leaves out is taken from the class that is extended. The kit's further keys are accepted. */
export interface Meta {
  readonly title: string
  readonly version?: string
  readonly description?: string
  readonly types?: readonly string[]
  readonly compute_on_change_types?: readonly (ChangeType | ChangeTypeName)[]
  readonly notification_only?: boolean
  /** A class to extend, and no protocol itself. Never inherited. */
  readonly abstract?: boolean
  readonly [further: string]: unknown
}

export interface ProtocolLog {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** What one compute is about. */
export interface ProtocolContext {
  readonly field_changes: FieldChanges
  readonly patient: Patient
  readonly appointment: Appointment | null
  readonly settings: Readonly<Record<string, unknown>>
  readonly change: ChangeFacts
  readonly log: ProtocolLog
}

export interface ChangeFacts {
  /** The transaction's commit LSN, `0/16B3748`. */
  readonly lsn: string
  /** ISO 8601, UTC, to the microsecond. */
  readonly committedAt: string
  /**
   * An appointment that came without its old row (REPLICA IDENTITY is not FULL): the old values in `field_changes` are those of
   * the last image that was seen of it, and null for columns that are not mapped.
   */
  readonly oldRowFrom?: 'image'
}

export abstract class ClinicalQualityMeasure {
  static readonly Meta: Partial<Meta>

  /** A protocol that gives false is skipped. Asked once, when it is loaded. */
  static enabled(): boolean {
    return true
  }

  readonly field_changes: FieldChanges
  readonly patient: Patient
  /** The appointment that the change belongs to, as it was at the commit; null where there is none. */
  readonly appointment: Appointment | null
  /** `settings` of the config. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly change: ChangeFacts
  /** Lines of the daemon's log. What is given to it is printed as it is: never give it a name or a key of a patient. */
  readonly log: ProtocolLog

  constructor(context: ProtocolContext) {
    this.field_changes = context.field_changes
    this.patient = context.patient
    this.appointment = context.appointment
    this.settings = context.settings
    this.change = context.change
    this.log = context.log
  }

  /** Called once for each change of the types in `Meta.compute_on_change_types`. */
  abstract compute_results(): ProtocolResult | Promise<ProtocolResult>
}

/** What a port may read or call of the kit's class. A subclass may have them as its own. */
const lacked = [
  '_meta',
  'canvas_updates',
  'context',
  'days_of_notice',
  'display_date',
  'display_period',
  'due_in',
  'fhir',
  'friendly_time_duration',
  'group_question_responses',
  'identifier',
  'impacted_by_changes',
  'in_denominator',
  'in_initial_population',
  'in_numerator',
  'narrative',
  'next_review',
  'now',
  'period_adjustment',
  'protocol_key',
  'recommendations',
  'relative_float',
  'results',
  'screening_interval_context',
  'set_updates',
  'snooze_adjustment',
  'snoozed',
  'sources',
  'status',
  'timeframe',
  'updates',
]

lacking(ClinicalQualityMeasure.prototype, 'this', lacked, true)
