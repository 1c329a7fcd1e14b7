// Which source a transaction's changes are of (their identity begins with it), and how much of it is in the journal. In: the
// server's history, and what was journaled before. Out: for each transaction its source and the last ordinal that is there.
// Owns that an identity which was given is never given to another change, nor another one to the same.
import type { TransactionPiece } from '../capture/change-message.js'
import { type History, segmentAt, timelineOf } from '../capture/history.js'
import type { Lsn } from '../capture/lsn.js'
import type { Source } from '../compute/computed-change.js'
import type { Journaled, KnownHistory } from './known-history.js'

/** The server's history under the name that the journal gives it. */
export interface Lineage extends History {
  readonly systemIdentifier: string
}

/** Where the checkpoint is: the source of what ends there, and the switchpoint at which its timeline began. */
export interface Reached {
  readonly source: Source
  /** Null: nobody can say. */
  readonly timelineBegan: Lsn | null
}

export function reachedAt(lineage: Lineage, end: Lsn): Reached {
  const { timeline, began } = segmentAt(lineage, end)
  return { source: { systemIdentifier: lineage.systemIdentifier, timeline }, timelineBegan: began }
}

/** A name for the history of a server that gives LSNs again: `7…`, `7…+1`, `7…+2`. */
export function nextName(name: string): string {
  const [cluster, times = '0'] = name.split('+')
  return `${cluster}+${Number(times) + 1}`
}

export interface Told {
  readonly source: Source
  /** The highest ordinal of the transaction that is in the journal already; −1: none. */
  readonly lastOrdinal: number
}

/**
 * A transaction that the journal knows (by commit LSN and commit time) keeps the source that it was journaled under, whichever
 * that is: an older version took the server's timeline at the time, and a gap that was accepted can begin before what was told.
 * A crash between two pieces of a large transaction is the common case: its beginning is known.
 */
export class JournaledTransactions {
  readonly #upTo: Lsn | null
  #current: (Told & { readonly commitLsn: Lsn }) | null = null

  constructor(
    private readonly known: KnownHistory,
    private readonly lineage: Lineage,
  ) {
    this.#upTo = known.lastJournaledLsn(lineage)
  }

  /** Of the transaction of this piece. They come in WAL order, and the pieces of one together. */
  told({ commitLsn, committedAt }: Pick<TransactionPiece, 'commitLsn' | 'committedAt'>): Told {
    if (this.#current?.commitLsn === commitLsn) return this.#current
    const isBehind = this.#upTo === null || commitLsn > this.#upTo
    const known = isBehind ? [] : this.known.journaled(this.lineage, commitLsn)
    const same = known.find((one) => one.committedAt === committedAt)
    const { source, lastOrdinal } = same ?? { source: this.#unused(commitLsn, known), lastOrdinal: -1 }
    this.#current = { commitLsn, source, lastOrdinal }
    return this.#current
  }

  #unused(commitLsn: Lsn, known: readonly Journaled[]): Source {
    const timeline = timelineOf(this.lineage, commitLsn)
    let { systemIdentifier } = this.lineage
    const isUsed = (name: string) =>
      known.some(({ source }) => source.systemIdentifier === name && source.timeline === timeline)
    while (isUsed(systemIdentifier)) systemIdentifier = nextName(systemIdentifier)
    return { systemIdentifier, timeline }
  }
}
