// What a recompute needs of the journal: the changes of a range as they were resolved, what they owe already, and a place
// for what today's protocols owe besides. That is kept as dead letters until a replay has delivered it: so it never stands
// before a live notification, and is never lost (spec section 9).
import { toLsn } from '../capture/lsn.js'
import type { Appointment, FieldChanges, Image, ResolvedChange } from '../change/captured-change.js'
import type { ChangeType } from '../change/change-type.js'
import type { OwedNotification, ProtocolOutcome, Source } from '../compute/computed-change.js'
import { webhookId } from '../compute/webhook-id.js'
import { appendDelivery, Sequences } from './append.js'
import { deliveryColumns, toDelivery } from './deliveries.js'
import { spellings } from './external-id.js'
import type { GroupCommit } from './group-commit.js'
import { boundsOf, type ReplaySelection } from './replay-range.js'
import type { DeliveryRow } from './schema.js'
import type { Sqlite } from './sqlite.js'
import type { SqliteValue } from './sqlite-driver.js'

export interface JournaledChange {
  readonly id: number
  readonly source: Source
  readonly change: ResolvedChange
}

export interface Recomputed {
  readonly changeId: number
  readonly outcomes: readonly ProtocolOutcome[]
  /** All that the change owes by today's protocols and the command's filters. */
  readonly notifications: readonly OwedNotification[]
}

/** What a receiver has not seen: new, or with other bytes and so under an id of the next generation. */
export interface Unseen {
  readonly notification: OwedNotification
  /** An earlier recompute made it, and nothing has delivered it. */
  readonly isKept: boolean
}

interface ChangeRow {
  readonly id: number
  readonly system_identifier: string
  readonly timeline: number
  readonly commit_lsn: bigint
  readonly ordinal: number
  readonly committed_at_us: number
  readonly operation: ResolvedChange['operation']
  readonly change_type: ChangeType
  readonly old_row_from: 'image' | null
  readonly field_changes: string
  readonly image: string
  readonly without_old_image: number
  readonly appointment: string | null
  readonly resolved_from: ResolvedChange['resolvedFrom']
  readonly patient_key: string | null
}

const changeColumns = `c.id, s.system_identifier, s.timeline, c.commit_lsn, c.ordinal, c.committed_at_us, c.operation, c.change_type,
  c.field_changes, c.image, c.without_old_image, c.old_row_from, c.appointment, c.resolved_from, c.patient_key
  FROM change c JOIN source s ON s.id = c.source_id`

export class Recomputes {
  constructor(
    private readonly sqlite: Sqlite,
    private readonly commits: GroupCommit,
  ) {}

  /** In the order in which they were journaled, with ids above `afterId`, at most `limit`. */
  changes(selection: ReplaySelection, afterId: number, limit: number): readonly JournaledChange[] {
    const bounds = boundsOf(this.sqlite, selection)
    if (bounds === null) return []
    const { appointment } = selection
    const values: SqliteValue[] = [Math.max(afterId + 1, bounds.first), bounds.last]
    const ids = appointment === undefined ? [] : spellings(appointment)
    const ofOne = ids.length === 0 ? '' : `AND c.appointment_external_id IN (${ids.map(() => '?').join(', ')})`
    values.push(...ids)
    const query = `SELECT ${changeColumns} WHERE c.id >= ? AND c.id <= ? ${ofOne} ORDER BY c.id LIMIT ?`
    return this.sqlite.all<ChangeRow>(query, [...values, limit]).map(toJournaledChange)
  }

  unseen(journaled: JournaledChange, notifications: readonly OwedNotification[]): readonly Unseen[] {
    const counts = new Map<string, number>()
    return notifications.flatMap((notification) => {
      const key = JSON.stringify([notification.protocol, notification.endpoint])
      const index = counts.get(key) ?? 0
      counts.set(key, index + 1)
      return this.#unseen(journaled, notification, index)
    })
  }

  /** Keeps what is unseen for a replay of `recompute`, and the outcomes. Resolves to how many there are. */
  append(recompute: string, recomputed: readonly Recomputed[]): Promise<number> {
    return this.commits.write(() => {
      const sequences = new Sequences(this.sqlite)
      let count = 0
      for (const { changeId, outcomes, notifications } of recomputed) {
        const [row] = this.sqlite.all<ChangeRow>(`SELECT ${changeColumns} WHERE c.id = ?`, [changeId])
        // Forgotten by age meanwhile.
        if (row === undefined) continue
        const journaled = toJournaledChange(row)
        this.sqlite.run('UPDATE change SET outcomes = ? WHERE id = ?', [JSON.stringify(outcomes), changeId])
        for (const { notification, isKept } of this.unseen(journaled, notifications)) {
          if (!isKept) appendDelivery(this.sqlite, sequences, changeId, journaled.change, notification)
          this.#keep(changeId, notification.webhookId, recompute)
          count += 1
        }
      }
      sequences.write()
      return count
    })
  }

  #keep(changeId: number, id: string, recompute: string): void {
    const update = `UPDATE delivery SET state = 'dead', settled_at = ?, recompute = ? WHERE change_id = ? AND webhook_id = ?`
    this.sqlite.run(update, [Date.now(), recompute, changeId, id])
  }

  #unseen({ id: changeId, source, change }: JournaledChange, notification: OwedNotification, index: number): Unseen[] {
    const { commitLsn, ordinal } = change
    const { protocol, endpoint } = notification
    const known = `SELECT ${deliveryColumns}, d.state, d.recompute FROM delivery d WHERE d.change_id = ? AND d.webhook_id = ?`
    let latest: { id: string; row: DeliveryRow } | null = null
    for (let generation = 0; ; generation += 1) {
      const id = webhookId({ source, commitLsn, ordinal, protocol, endpoint, index, generation })
      const [row] = this.sqlite.all<DeliveryRow>(known, [changeId, id])
      if (row !== undefined) latest = { id, row }
      else if (latest === null || !wasSeen(latest.row, notification)) {
        return [{ notification: { ...notification, webhookId: id }, isKept: false }]
      } else {
        const isKept = latest.row.state === 'dead' && latest.row.recompute !== null
        return isKept ? [{ notification: { ...notification, webhookId: latest.id }, isKept }] : []
      }
    }
  }
}

/** What a damaged row was cannot be told by it. Delivered it was whole, since it is held before each POST; else it was never sent. */
const wasSeen = (row: DeliveryRow, { body }: OwedNotification): boolean =>
  toDelivery(row).isDamaged ? row.state === 'delivered' : row.body === body

const toJournaledChange = (row: ChangeRow): JournaledChange => ({
  id: row.id,
  source: { systemIdentifier: row.system_identifier, timeline: row.timeline },
  change: {
    commitLsn: toLsn(row.commit_lsn),
    committedAt: row.committed_at_us,
    ordinal: row.ordinal,
    operation: row.operation,
    changeType: row.change_type,
    fieldChanges: JSON.parse(row.field_changes) as FieldChanges,
    withoutOldImage: row.without_old_image === 1,
    ...(row.old_row_from === null ? {} : { oldRowFrom: row.old_row_from }),
    image: JSON.parse(row.image) as Image,
    appointment: row.appointment === null ? null : (JSON.parse(row.appointment) as Appointment),
    resolvedFrom: row.resolved_from,
    patientKey: row.patient_key,
  },
})
