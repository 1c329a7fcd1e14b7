// The journal's tables as types, for Kysely and for the prepared statements alike. What each column means is said in
// migrations/journal.
import type { Generated } from 'kysely'

export interface JournalTables {
  source: { id: Generated<number>; system_identifier: string; timeline: number }
  checkpoint: {
    id: number
    source_id: number
    durable_lsn: bigint
    last_committed_at_us: number | null
    complete_from_lsn: bigint
    complete_from_at: number
    complete_from_source_id: number
    publication: string | null
    timeline_began_lsn: bigint | null
    remembered_from_lsn: bigint
    open_commit_lsn: bigint | null
    open_committed_at_us: number | null
    publication_seen_lsn: bigint | null
  }
  remembered_commits: { nth: number; last_commit_lsn: bigint; commits: string }
  gap: {
    id: Generated<number>
    kind: string
    slot: string
    reason: string
    from_lsn_text: string
    to_lsn_text: string
    bytes: number | null
    last_commit_at: string | null
    found_at: number
    accepted_at: number | null
    resumed_at: number | null
    table_oid: number | null
    table_model: string | null
  }
  followed_table: { oid: number; model: string }
  slot_intent: { slot: string; noted_at: number }
  change: {
    id: Generated<number>
    source_id: number
    commit_lsn: bigint
    ordinal: number
    committed_at_us: number
    operation: string
    change_type: string
    model: string
    field_changes: string
    image: string
    without_old_image: number
    old_row_from: 'image' | null
    appointment: string | null
    appointment_external_id: string | null
    resolved_from: string
    patient_key: string | null
    outcomes: string
    journaled_at: number
  }
  appointment_image: {
    appointment_id: string
    note_id: string | null
    appointment: string
    inserted: number
    standing: Generated<number>
    number: number | null
    replaces: string | null
    replaced: Generated<number>
  }
  delivery: {
    id: Generated<number>
    webhook_id: string
    change_id: number | null
    endpoint: string
    url: string | null
    lane: string
    sequence: number | null
    notification: string
    protocol: string
    headers: string
    body: string
    commit_lsn: bigint | null
    committed_at_us: number | null
    appointment_external_id: string | null
    state: Generated<'owed' | 'delivered' | 'dead' | 'discarded'>
    attempts: Generated<number>
    settled_at: number | null
    status: number | null
    duration_ms: number | null
    reason: string | null
    recompute: string | null
    checksum: number | null
  }
  attempt: {
    delivery_id: number
    number: number
    started_at: number
    duration_ms: number
    status: number | null
    error: string | null
  }
  lane_wait: { endpoint: string; lane: string; delivery_id: number; retry_at: number; steps: number; tried_at: number }
  endpoint_mark: { endpoint: string; released_at: number; paused_until: number }
  clock: { id: number; ahead_ms: number }
  endpoint_sequence: { endpoint: string; last: number }
  replay: {
    id: Generated<number>
    selection: string
    rate: number | null
    total: number
    done_change: number | null
    done_delivery: number | null
    delivered: Generated<number>
    asked_at: number
    stopped_at: number | null
    finished_at: number | null
  }
  replay_ended: { replay_id: number; delivery_id: number; webhook_id: string; endpoint: string; error: string | null }
  disclosure: {
    id: Generated<number>
    sent_at: number
    endpoint: string
    webhook_id: string
    notification: string
    sequence: number | null
    commit_lsn: bigint | null
    committed_at_us: number | null
    appointment_external_id: string | null
    attempt: number
    duration_ms: number
    outcome: 'delivered' | 'retry' | 'dead' | 'failed'
    status: number | null
    error: string | null
    replay: number
  }
  life: { id: number; began_at: number; ended_at: number | null }
  request: {
    id: Generated<number>
    kind: string
    arguments: string
    asked_at: number
    answered_at: number | null
    answer: string | null
  }
}

type Row<T> = { [K in keyof T]: T[K] extends Generated<infer U> ? U : T[K] }

export type DeliveryRow = Row<JournalTables['delivery']>
export type CheckpointRow = Row<JournalTables['checkpoint']>
