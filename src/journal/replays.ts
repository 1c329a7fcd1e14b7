// Replays as the journal keeps them: what was asked for, how far each has come, and what failed. A daemon that was killed
// goes on where it was (spec section 9).
import type { Micros } from '../base/time.js'
import type { GroupCommit } from './group-commit.js'
import {
  firstCommitFrom,
  lastCommitUntil,
  type PlacedCommit,
  type StoredDelivery,
  storedDelivery,
} from './replay-places.js'
import {
  checkRange,
  countReplayed,
  type ReplayedDelivery,
  type ReplayPlace,
  type ReplaySelection,
  type ReplaySlice,
  readReplayed,
} from './replay-range.js'
import type { Sqlite } from './sqlite.js'

export interface Replay {
  readonly id: number
  readonly selection: ReplaySelection
  /** A second; null: as fast as it goes. */
  readonly rate: number | null
  readonly total: number
  /** Everything up to here is done; null: nothing is. */
  readonly doneUpTo: ReplayPlace | null
  readonly delivered: number
  /** An operator wants it to end. */
  readonly stopped: boolean
  readonly finished: boolean
}

export interface ReplayFailure {
  readonly webhook_id: string
  readonly endpoint: string
  readonly error: string
}

interface Row {
  readonly id: number
  readonly selection: string
  readonly rate: number | null
  readonly total: number
  readonly done_change: number | null
  readonly done_delivery: number | null
  readonly delivered: number
  readonly stopped_at: number | null
  readonly finished_at: number | null
}

export class Replays {
  constructor(
    private readonly sqlite: Sqlite,
    private readonly commits: GroupCommit,
  ) {}

  /** @throws UsageError for a range that the journal does not have. */
  checkRange(selection: ReplaySelection): void {
    checkRange(this.sqlite, selection)
  }

  firstCommitFrom(at: Micros): PlacedCommit | null {
    return firstCommitFrom(this.sqlite, at)
  }

  lastCommitUntil(at: Micros): PlacedCommit | null {
    return lastCommitUntil(this.sqlite, at)
  }

  stored(webhookId: string): StoredDelivery | null {
    return storedDelivery(this.sqlite, webhookId)
  }

  /** How many deliveries there are. Reads the whole range: for the command's process, not for the daemon's. */
  count(selection: ReplaySelection): number {
    return countReplayed(this.sqlite, selection)
  }

  read(selection: ReplaySelection, after: ReplayPlace | null): ReplaySlice {
    return readReplayed(this.sqlite, selection, after)
  }

  /** Ids of deliveries that have ended in slices that are not done. */
  endedOf(id: number): ReadonlySet<number> {
    const query = 'SELECT delivery_id FROM replay_ended WHERE replay_id = ?'
    return new Set(this.sqlite.all(query, [id]).map((row) => Number(row['delivery_id'])))
  }

  /** Resolves to the replay's id. @throws UsageError for a range that the journal does not have. */
  begin(selection: ReplaySelection, rate: number | null, total: number): Promise<number> {
    return this.commits.write(() => {
      checkRange(this.sqlite, selection)
      const insert = 'INSERT INTO replay (selection, rate, total, asked_at) VALUES (?, ?, ?, ?)'
      return this.sqlite.run(insert, [JSON.stringify(selection), rate, total, Date.now()]).id
    })
  }

  /** One delivery has ended: `error` null where it was delivered. */
  ended(id: number, { id: deliveryId, webhookId, endpoint }: ReplayedDelivery, error: string | null): Promise<void> {
    const insert = `
      INSERT OR REPLACE INTO replay_ended (replay_id, delivery_id, webhook_id, endpoint, error) VALUES (?, ?, ?, ?, ?)`
    return this.commits.writeAlong(() => {
      this.sqlite.run(insert, [id, deliveryId, webhookId, endpoint, error])
    })
  }

  /** All up to `place` have ended; null: all of the replay have, or it was stopped. */
  moveOn(id: number, place: ReplayPlace | null): Promise<void> {
    const forget = 'DELETE FROM replay_ended WHERE replay_id = ? AND error IS NULL'
    const move = 'UPDATE replay SET delivered = delivered + ?, done_change = ?, done_delivery = ? WHERE id = ?'
    const finish = 'UPDATE replay SET delivered = delivered + ?, finished_at = ? WHERE id = ?'
    return this.commits.write(() => {
      const delivered = this.sqlite.run(forget, [id]).changes
      if (place === null) this.sqlite.run(finish, [delivered, Date.now(), id])
      else this.sqlite.run(move, [delivered, place.changeId, place.deliveryId, id])
    })
  }

  /** It sends nothing more than what is on its way, and is finished then. Resolves to whether it was running. */
  stop(id: number): Promise<boolean> {
    const update = 'UPDATE replay SET stopped_at = ? WHERE id = ? AND finished_at IS NULL'
    return this.commits.write(() => this.sqlite.run(update, [Date.now(), id]).changes > 0)
  }

  /** Null: there is no such replay. */
  get(id: number): (Replay & { readonly failures: readonly ReplayFailure[] }) | null {
    const [row] = this.sqlite.all<Row>('SELECT * FROM replay WHERE id = ?', [id])
    if (row === undefined) return null
    const ended = 'SELECT webhook_id, endpoint, error FROM replay_ended WHERE replay_id = ? ORDER BY delivery_id'
    const all = this.sqlite.all<{ webhook_id: string; endpoint: string; error: string | null }>(ended, [id])
    const failures = all.flatMap(({ error, ...facts }) => (error === null ? [] : [{ ...facts, error }]))
    return { ...toReplay(row), delivered: row.delivered + all.length - failures.length, failures }
  }

  /** The oldest one that is not finished. */
  next(): Replay | null {
    const [row] = this.sqlite.all<Row>('SELECT * FROM replay WHERE finished_at IS NULL ORDER BY id LIMIT 1')
    return row === undefined ? null : toReplay(row)
  }
}

const toReplay = (row: Row): Replay => ({
  id: row.id,
  selection: JSON.parse(row.selection) as ReplaySelection,
  rate: row.rate,
  total: row.total,
  doneUpTo: row.done_change === null ? null : { changeId: row.done_change, deliveryId: row.done_delivery ?? 0 },
  delivered: row.delivered,
  stopped: row.stopped_at !== null,
  finished: row.finished_at !== null,
})
