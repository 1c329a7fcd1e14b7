// What the journal knows of its cluster's histories: of a transaction, what was journaled of it, under every name that they
// were given; and the commits that were seen last. Read where a stream begins below what was journaled: after a crash, or
// behind a gap that begins early.
import type { Micros } from '../base/time.js'
import type { RememberedCommits } from '../capture/commit-check.js'
import { type Lsn, toLsn } from '../capture/lsn.js'
import type { Source } from '../compute/computed-change.js'
import { clusterOf } from './checkpoint.js'
import { readRemembered } from './remembered-commits.js'
import type { Sqlite } from './sqlite.js'

/** Of the cluster, and of no timeline. */
type Cluster = Pick<Source, 'systemIdentifier'>

/** What the journal has of one transaction, under one source. */
export interface Journaled {
  readonly source: Source
  readonly committedAt: Micros
  readonly lastOrdinal: number
}

const lastOf = `
  SELECT ordinal, committed_at_us FROM change WHERE source_id = ? AND commit_lsn = ? ORDER BY ordinal DESC LIMIT 1`

export class KnownHistory {
  constructor(private readonly sqlite: Sqlite) {}

  /** One for each source under which it was journaled, the newest first. */
  journaled(of: Cluster, commitLsn: Lsn): readonly Journaled[] {
    return this.#sourcesOf(of).flatMap(({ id, source }) => {
      const row = this.sqlite.get(lastOf, [id, commitLsn])
      if (row === null) return []
      return [{ source, committedAt: Number(row['committed_at_us']), lastOrdinal: Number(row['ordinal']) }]
    })
  }

  /** The highest commit LSN that was journaled; null: there is none. */
  lastJournaledLsn(of: Cluster): Lsn | null {
    const lsns = this.#sourcesOf(of).flatMap(({ id }) => {
      const row = this.sqlite.get('SELECT max(commit_lsn) AS last_lsn FROM change WHERE source_id = ?', [id])
      const last = row?.['last_lsn']
      return typeof last === 'bigint' ? [toLsn(last)] : []
    })
    return lsns.reduce<Lsn | null>((highest, lsn) => (highest === null || lsn > highest ? lsn : highest), null)
  }

  /** The commits that were seen at `from` or behind it. */
  remembered(from: Lsn): RememberedCommits {
    return readRemembered(this.sqlite, from)
  }

  #sourcesOf(of: Cluster): readonly { readonly id: number; readonly source: Source }[] {
    const rows = this.sqlite.all('SELECT id, system_identifier, timeline FROM source ORDER BY id DESC')
    return rows
      .map((row) => ({
        id: Number(row['id']),
        source: { systemIdentifier: String(row['system_identifier']), timeline: Number(row['timeline']) },
      }))
      .filter(({ source }) => clusterOf(source) === clusterOf(of))
  }
}
