// Computed changes in, rows out: changes, images, outcomes, deliveries, sequence numbers and the checkpoint, as one piece
// of work within the caller's transaction. Owns idempotence: a change that the journal has is skipped with all it owes.
import type { Micros } from '../base/time.js'
import type { Commit, EndedCommit } from '../capture/change-message.js'
import type { Lsn } from '../capture/lsn.js'
import type { ResolvedChange } from '../change/captured-change.js'
import { laneOf } from '../change/lane.js'
import { emptiesAppointments } from '../change/resolve.js'
import type { ComputedChange, OwedNotification, Source } from '../compute/computed-change.js'
import { moveCheckpoint, sourceId } from './checkpoint.js'
import { checksumOf } from './checksum.js'
import type { Delivery } from './delivery.js'
import { emptyImages, putImage } from './images.js'
import type { Reached } from './lineage.js'
import { remember } from './remembered-commits.js'
import { recordRowGap } from './row-gaps.js'
import type { Sqlite } from './sqlite.js'

export interface AppendBatch {
  readonly source: Source
  /** In WAL order. */
  readonly changes: readonly ComputedChange[]
  /** The checkpoint moves here; null: more of the last transaction follows. */
  readonly durableLsn: Lsn | null
  readonly lastCommit: { readonly lsn: Lsn; readonly at: Micros } | null
  /** What the next start holds the server against; null or absent: nothing new. */
  readonly progress?: Progress | null
}

export interface Progress {
  /** Of `durableLsn`. */
  readonly reached: Reached
  /** Those that lie before it, and behind the last checkpoint. */
  readonly commits: readonly EndedCommit[]
  /** The transaction of which more follows. */
  readonly open: Commit | null
}

export interface Appended {
  /** What is newly owed, by endpoint, in the order of ids. */
  readonly owed: ReadonlyMap<string, readonly Delivery[]>
}

const insertChange = `
  INSERT INTO change (source_id, commit_lsn, ordinal, committed_at_us, operation, change_type, model, field_changes, image,
    without_old_image, old_row_from, appointment, appointment_external_id, resolved_from, patient_key, outcomes, journaled_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source_id, commit_lsn, ordinal) DO NOTHING`

const insertDelivery = `
  INSERT INTO delivery (webhook_id, change_id, endpoint, url, lane, sequence, notification, protocol, headers, body,
    commit_lsn, committed_at_us, appointment_external_id, checksum)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const lastSequence = 'SELECT last FROM endpoint_sequence WHERE endpoint = ?'
const putSequence = `
  INSERT INTO endpoint_sequence (endpoint, last) VALUES (?, ?) ON CONFLICT (endpoint) DO UPDATE SET last = excluded.last`

/** Within a transaction of the caller's. */
export function append(sqlite: Sqlite, batch: AppendBatch): Appended {
  const ofChanges = sourceId(sqlite, batch.source)
  const sequences = new Sequences(sqlite)
  const owed = new Map<string, Delivery[]>()
  const journaledAt = Date.now()
  for (const change of batch.changes) {
    const appointment = change.appointment === null ? null : JSON.stringify(change.appointment)
    const inserted = sqlite.run(insertChange, [
      ofChanges,
      change.commitLsn,
      change.ordinal,
      change.committedAt,
      change.operation,
      change.changeType,
      change.fieldChanges.model_name,
      JSON.stringify(change.fieldChanges),
      JSON.stringify(change.image),
      change.withoutOldImage ? 1 : 0,
      change.oldRowFrom ?? null,
      appointment,
      change.appointment?.externally_exposable_id ?? null,
      change.resolvedFrom,
      change.patientKey,
      JSON.stringify(change.outcomes),
      journaledAt,
    ])
    if (inserted.changes === 0) continue
    recordRowGap(sqlite, ofChanges, change)
    if (emptiesAppointments(change)) emptyImages(sqlite)
    // A delete by an index that lacks the id names no appointment.
    if (
      change.appointment !== null &&
      appointment !== null &&
      change.resolvedFrom === 'row' &&
      change.appointment.id !== ''
    ) {
      putImage(sqlite, change, change.appointment, appointment)
    }
    for (const notification of change.notifications) {
      const delivery = appendDelivery(sqlite, sequences, inserted.id, change, notification)
      const ofEndpoint = owed.get(delivery.endpoint)
      if (ofEndpoint === undefined) owed.set(delivery.endpoint, [delivery])
      else ofEndpoint.push(delivery)
    }
  }
  sequences.write()
  moveOn(sqlite, ofChanges, batch)
  return { owed }
}

function moveOn(sqlite: Sqlite, ofChanges: number, { source, durableLsn, lastCommit, progress }: AppendBatch): void {
  const { reached = { source, timelineBegan: null }, commits = [], open = null } = progress ?? {}
  moveCheckpoint(sqlite, {
    sourceId: isSameSource(reached.source, source) ? ofChanges : sourceId(sqlite, reached.source),
    durableLsn,
    lastCommittedAt: lastCommit?.at ?? null,
    timelineBegan: reached.timelineBegan,
    open,
  })
  remember(sqlite, commits)
}

export const isSameSource = (a: Source, b: Source): boolean =>
  a.timeline === b.timeline && a.systemIdentifier === b.systemIdentifier

/** Within a transaction of the caller's. */
export function appendDelivery(
  sqlite: Sqlite,
  sequences: Sequences,
  changeId: number,
  change: ResolvedChange,
  owed: OwedNotification,
): Delivery {
  const { webhookId, endpoint, url, notification, protocol, headers, body } = owed
  const { commitLsn, committedAt } = change
  const lane = laneOf(change)
  const sequence = sequences.next(endpoint)
  const appointmentExternalId = change.appointment?.externally_exposable_id ?? null
  const headersText = JSON.stringify(headers)
  const checksum = checksumOf({
    webhook_id: webhookId,
    endpoint,
    url,
    lane,
    sequence,
    notification,
    headers: headersText,
    body,
    commit_lsn: commitLsn,
    committed_at_us: committedAt,
    appointment_external_id: appointmentExternalId,
  })
  const { id } = sqlite.run(insertDelivery, [
    webhookId,
    changeId,
    endpoint,
    url,
    lane,
    sequence,
    notification,
    protocol,
    headersText,
    body,
    commitLsn,
    committedAt,
    appointmentExternalId,
    checksum,
  ])
  const ofChange = { notification, commitLsn, committedAt, appointmentExternalId }
  return { id, webhookId, endpoint, url, lane, sequence, headers, body, attempts: 0, wait: null, ...ofChange }
}

/** The counters of one append: read once, written once, in the transaction that uses them. */
export class Sequences {
  readonly #last = new Map<string, number>()

  constructor(private readonly sqlite: Sqlite) {}

  next(endpoint: string): number {
    const last = this.#last.get(endpoint) ?? Number(this.sqlite.get(lastSequence, [endpoint])?.['last'] ?? 0)
    this.#last.set(endpoint, last + 1)
    return last + 1
  }

  write(): void {
    for (const [endpoint, last] of this.#last) this.sqlite.run(putSequence, [endpoint, last])
  }
}
