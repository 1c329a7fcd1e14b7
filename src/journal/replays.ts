// Replays as the journal keeps them: what was asked for, how far each has come, and what failed. A daemon that was killed
// goes on where it was (spec section 9).
import { toLsn } from '../capture/lsn.js'
import type { GroupCommit } from './group-commit.js'
import {
  checkRange,
  countReplayed,
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

export interface ReplayProgress {
  readonly id: number
  readonly doneUpTo: ReplayPlace | null
  /** Since the last progress. */
  readonly delivered: number
  readonly failures: readonly ReplayFailure[]
  readonly finished: boolean
}

interface Row {
  readonly id: number
  readonly selection: string
  readonly rate: number | null
  readonly total: number
  readonly done_lsn: bigint | null
  readonly done_id: number | null
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

  /** How many deliveries there are. Reads the whole range: for the command's process, not for the daemon's. */
  count(selection: ReplaySelection): number {
    return countReplayed(this.sqlite, selection)
  }

  read(selection: ReplaySelection, after: ReplayPlace | null): ReplaySlice {
    return readReplayed(this.sqlite, selection, after)
  }

  /** Resolves to the replay's id. @throws UsageError for a range that the journal does not have. */
  begin(selection: ReplaySelection, rate: number | null, total: number): Promise<number> {
    return this.commits.write(() => {
      checkRange(this.sqlite, selection)
      const insert = 'INSERT INTO replay (selection, rate, total, asked_at) VALUES (?, ?, ?, ?)'
      return this.sqlite.run(insert, [JSON.stringify(selection), rate, total, Date.now()]).id
    })
  }

  record({ id, doneUpTo, delivered, failures, finished }: ReplayProgress): Promise<void> {
    const update = `
      UPDATE replay SET done_lsn = coalesce(?, done_lsn), done_id = coalesce(?, done_id), delivered = delivered + ?,
             finished_at = ? WHERE id = ?`
    const insert = 'INSERT OR REPLACE INTO replay_failure (replay_id, webhook_id, endpoint, error) VALUES (?, ?, ?, ?)'
    return this.commits.write(() => {
      const endedAt = finished ? Date.now() : null
      this.sqlite.run(update, [doneUpTo?.commitLsn ?? null, doneUpTo?.id ?? null, delivered, endedAt, id])
      for (const { webhook_id, endpoint, error } of failures) this.sqlite.run(insert, [id, webhook_id, endpoint, error])
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
    const failures = 'SELECT webhook_id, endpoint, error FROM replay_failure WHERE replay_id = ? ORDER BY rowid'
    return { ...toReplay(row), failures: this.sqlite.all<ReplayFailure>(failures, [id]) }
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
  doneUpTo: row.done_lsn === null ? null : { commitLsn: toLsn(row.done_lsn), id: row.done_id ?? 0 },
  delivered: row.delivered,
  stopped: row.stopped_at !== null,
  finished: row.finished_at !== null,
})
