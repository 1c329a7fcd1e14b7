// Whether the server's history is the journal's. In: what the stream gives below the journal's end, because the slot was
// not told or has gone back, and what the journal remembers of it. Out: the rest of it, or where the two differ. Owns that a
// server which was put back from a copy is never taken for the one that the journal followed: such a copy has the same
// system identifier and timeline, and other commits. Pure.
import type { CapturedBatch } from './capture.js'
import type { Commit } from './change-message.js'
import { type Lsn, maxLsn } from './lsn.js'

export interface RememberedCommits {
  /** In WAL order; none is missing that committed at `from` or behind it. */
  readonly commits: readonly Commit[]
  readonly from: Lsn
  /** The beginning of this one was journaled, and nothing behind it. */
  readonly open: Commit | null
}

export interface Divergence {
  /** The server has a commit that the journal never saw, or lacks one that it saw. */
  readonly tag: 'unknown' | 'missing'
  readonly commit: Commit
  /** Up to here the two agree, as far as can be said. */
  readonly good: Lsn
}

export interface CommitCheckOptions {
  /** Where the stream begins, and where the journal ends: what committed in between is in it. */
  readonly from: Lsn
  readonly until: Lsn
  readonly remembered: RememberedCommits
}

/**
 * What is older than the journal remembers is not looked at: WAL is one line, so that where one later commit is the same
 * (LSN and microsecond), everything before it is.
 */
export class CommitCheck {
  readonly #until: Lsn
  readonly #rememberedFrom: Lsn
  readonly #expected: readonly Commit[]
  readonly #open: Commit | null
  #met = 0
  #good: Lsn
  #over: boolean

  constructor({ from, until, remembered }: CommitCheckOptions) {
    this.#until = until
    this.#rememberedFrom = remembered.from
    this.#expected = remembered.commits.filter(({ lsn }) => lsn >= maxLsn(from, remembered.from) && lsn < until)
    this.#open = remembered.open
    this.#good = from
    this.#over = from === until && this.#open === null
  }

  /** What comes now is new. */
  get isOver(): boolean {
    return this.#over
  }

  /** Gives where server and journal differ; null: nowhere so far. */
  hold(batch: CapturedBatch): Divergence | null {
    if (this.#over) return null
    for (const commit of batch.commits) {
      const difference = commit.lsn < this.#until ? this.#meet(commit, commit.endLsn) : null
      if (difference !== null) return difference
    }
    const next = nextFrom(this.#until, batch)
    const reached = next?.lsn ?? batch.checkpointLsn
    if (reached === null || reached < this.#until) return null
    const lacking = this.#expected[this.#met]
    if (lacking !== undefined) return this.#differs('missing', lacking)
    return this.#meetOpen(next, reached)
  }

  /** Of a batch that was held: what is not in the journal yet. */
  news(batch: CapturedBatch): CapturedBatch {
    if (!this.#over) return { pieces: [], commits: [], checkpointLsn: null }
    const { pieces, commits, checkpointLsn } = batch
    return {
      pieces: pieces.filter(({ commitLsn }) => commitLsn >= this.#until),
      commits: commits.filter(({ lsn }) => lsn >= this.#until),
      checkpointLsn: checkpointLsn !== null && checkpointLsn > this.#until ? checkpointLsn : null,
    }
  }

  #meet(commit: Commit, endLsn: Lsn): Divergence | null {
    if (commit.lsn < this.#rememberedFrom) return null
    const expected = this.#expected[this.#met]
    if (expected === undefined || expected.lsn > commit.lsn) return this.#differs('unknown', commit)
    if (!isSame(expected, commit)) return this.#differs('missing', expected)
    this.#met += 1
    this.#good = endLsn
    return null
  }

  /** Everything below the journal's end is as it should be; what it holds the beginning of has to come next. */
  #meetOpen(next: Commit | null, reached: Lsn): Divergence | null {
    this.#good = this.#until
    const open = this.#open
    if (open !== null && next === null && reached <= open.lsn) return null
    if (open !== null && (next === null || !isSame(open, next))) return this.#differs('missing', open)
    this.#over = true
    return null
  }

  #differs(tag: Divergence['tag'], commit: Commit): Divergence {
    return { tag, commit, good: this.#good }
  }
}

const isSame = (a: Commit, b: Commit): boolean => a.lsn === b.lsn && a.at === b.at

/** The first transaction of a batch that commits at `lsn` or behind it. */
function nextFrom(lsn: Lsn, { pieces, commits }: CapturedBatch): Commit | null {
  const piece = pieces.find(({ commitLsn }) => commitLsn >= lsn)
  const commit = commits.find((one) => one.lsn >= lsn) ?? null
  if (piece === undefined || (commit !== null && commit.lsn <= piece.commitLsn)) return commit
  return { lsn: piece.commitLsn, at: piece.committedAt }
}
