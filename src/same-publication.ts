// Whether the publication is what it was when it was last seen to be right, as the journal knows it. Owns where a gap in it
// begins: at the last look that found it right, since every commit before that was decoded with it.
import { GapError, type GapFacts } from './base/errors.js'
import { isoMicros } from './base/time.js'
import { lossBetween, withAway } from './capture/fingerprint.js'
import { gapRange } from './capture/gap-range.js'
import { type Lsn, maxLsn, minLsn } from './capture/lsn.js'
import { goOn } from './capture/slot.js'
import type { SeenPublication } from './journal/followed-table.js'
import type { Journal } from './journal/journal.js'

export interface PublicationOptions {
  readonly slot: string
  readonly publication: string
  readonly journal: Journal
}

/** @param walEnd the server's now; null: it did not say @throws GapError */
export function assertSamePublication(fingerprint: string, walEnd: Lsn | null, options: PublicationOptions): void {
  const known = options.journal.checkpoint()?.publication ?? null
  const loss = known === null ? null : lossBetween(known, fingerprint)
  if (loss === null) return
  if (loss.tag === 'parts') {
    const which = loss.oids.map((oid) => `${oid}::regclass`).join(', ')
    const reason = `rows of a followed table may have changed unseen: it, or a partition of it, was detached or UNLOGGED for a while, or was attached with rows in it (SELECT ${which};)`
    throw new GapError(drift(reason, walEnd, options, loss.since), goOn)
  }
  const reason = `publication "${options.publication}" is not what it was when it was last looked at: what was written meanwhile may be missing`
  throw new GapError(drift(reason, walEnd, options), goOn)
}

/** The publication as it is to be noted: with the partitions that are away, and since when. */
export function withWhatIsAway<T extends SeenPublication>(
  seen: T,
  { journal }: Pick<PublicationOptions, 'journal'>,
): T {
  const checkpoint = journal.checkpoint()
  const at = checkpoint?.publicationSeenLsn ?? null
  const fingerprint = withAway(checkpoint?.publication ?? null, seen.fingerprint, at)
  return { ...seen, fingerprint }
}

/**
 * The facts of a gap in what is published.
 * @param to behind which it is known to be right again, as far as is known
 * @param since what is missing may go back as far as this; null: to the last look
 */
export function drift(
  reason: string,
  to: Lsn | null,
  { journal, slot }: PublicationOptions,
  since: Lsn | null = null,
): GapFacts {
  const checkpoint = journal.checkpoint()
  const at = checkpoint?.lastCommittedAt ?? null
  const seen = checkpoint?.publicationSeenLsn ?? null
  const isSeen = seen !== null && (to === null || seen <= to)
  const last = checkpoint && (isSeen ? seen : checkpoint.durableLsn)
  const begins = last === null || since === null ? last : minLsn(last, since)
  const from = checkpoint && begins && maxLsn(begins, checkpoint.completeFromLsn)
  const lastCommitAt = at === null ? null : isoMicros(at)
  return { kind: 'publication changed', slot, reason, ...gapRange('publication changed', from, to), lastCommitAt }
}
