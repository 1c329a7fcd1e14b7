// What the daemon does for its journal beside using it: notes whether the last owner closed it, forgets by age, and empties
// the -wal of what was forgotten.
import { readCheckpoint } from './checkpoint.js'
import type { GroupCommit } from './group-commit.js'
import { pruneImages } from './image-retention.js'
import { pruneDisclosures, pruneSlice } from './retention.js'
import type { Sqlite } from './sqlite.js'

const begin = `
  INSERT INTO life (id, began_at, ended_at) VALUES (1, ?, NULL)
  ON CONFLICT (id) DO UPDATE SET began_at = excluded.began_at, ended_at = NULL`

/** Unix ms: what is older than each is forgotten. */
export interface Ages {
  readonly settled: number
  readonly disclosed: number
  /** Appointments that ended before. */
  readonly ended: number
}

export class Upkeep {
  readonly #sqlite: Sqlite
  readonly #commits: GroupCommit

  constructor(sqlite: Sqlite, commits: GroupCommit) {
    this.#sqlite = sqlite
    this.#commits = commits
  }

  /** The daemon has it now. Resolves to whether the last end was clean; a new journal's was. */
  begin(): Promise<boolean> {
    return this.#commits.write(() => {
      const last = this.#sqlite.get('SELECT ended_at FROM life')
      const wasClean = last === null ? readCheckpoint(this.#sqlite) === null : last['ended_at'] !== null
      this.#sqlite.run(begin, [Date.now()])
      return wasClean
    })
  }

  /** The daemon has found nothing wrong with it, and closes it. */
  async end(): Promise<void> {
    await this.#commits.write(() => this.#sqlite.run('UPDATE life SET ended_at = ?', [Date.now()]))
  }

  /** Forgets, slice by slice; resolves to the number of changes and of appointments' images forgotten. */
  async prune(before: Ages, signal: AbortSignal): Promise<{ readonly changes: number; readonly images: number }> {
    for (let isMore = true; isMore && !signal.aborted; ) {
      isMore = await this.#commits.write(() => pruneDisclosures(this.#sqlite, before.disclosed))
    }
    let changes = 0
    for (let afterId: number | null = 0; afterId !== null && !signal.aborted; ) {
      const from: number = afterId
      const slice = await this.#commits.write(() => pruneSlice(this.#sqlite, before.settled, from))
      changes += slice.changes
      afterId = slice.afterId
    }
    let images = 0
    for (let after: string | null = ''; after !== null && !signal.aborted; ) {
      const from: string = after
      const slice = await this.#commits.write(() => pruneImages(this.#sqlite, before.ended, from))
      images += slice.images
      after = slice.after
    }
    return { changes, images }
  }

  /**
   * What was forgotten is overwritten in the file; the -wal holds its pages until it is emptied. Waits for nobody.
   * False: another process reads in its way.
   */
  emptyWal(): boolean {
    return this.#sqlite.emptyWal()
  }
}
