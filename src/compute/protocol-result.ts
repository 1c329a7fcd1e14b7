// What a protocol's compute_results returns (spec section 6). Names are the workflow kit's; results are journaled.
import { lacking } from './strict-members.js'

export const STATUS_NOT_APPLICABLE = 'not_applicable'
export const STATUS_NOT_RELEVANT = 'not_relevant'
export const STATUS_DUE = 'due'
export const STATUS_SATISFIED = 'satisfied'
export const STATUS_PENDING = 'pending'
export const STATUS_SNOOZED = 'snoozed'
export const STATUS_UNCHANGED = 'unchanged'

export type ProtocolStatus =
  | typeof STATUS_NOT_APPLICABLE
  | typeof STATUS_NOT_RELEVANT
  | typeof STATUS_DUE
  | typeof STATUS_SATISFIED
  | typeof STATUS_PENDING
  | typeof STATUS_SNOOZED
  | typeof STATUS_UNCHANGED

export class ProtocolResult {
  status: ProtocolStatus = STATUS_NOT_APPLICABLE
  /** Days; negative: overdue. Null: not said. */
  due_in: number | null = null
  readonly narratives: string[] = []
  /** JSON values of any shape. */
  readonly recommendations: unknown[] = []

  add_narrative(narrative: string): void {
    this.narratives.push(narrative)
  }

  add_recommendation(recommendation: unknown): void {
    this.recommendations.push(recommendation)
  }
}

const recommendations = [
  'hyperlink',
  'imaging',
  'immunization',
  'instruction',
  'interview',
  'lab',
  'perform',
  'plan',
  'prescribe',
  'refer',
  'structured_assessment',
  'task',
  'vital_sign',
]

/** Set without an effect they would be lost: what is set on a result is journaled, and nobody has a use for these. */
const lacked = [
  'narrative',
  'days_of_notice',
  'next_review',
  ...recommendations.map((of) => `add_${of}_recommendation`),
]

lacking(ProtocolResult.prototype, 'result', lacked, false)
