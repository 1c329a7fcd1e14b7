// Whether the publication is what it was when it was last seen to be right, as the journal knows it. Owns where a gap in it
// begins: at the last look that found it right, since every commit before that was decoded with it.
import { GapError, type GapFacts } from './base/errors.js'
import { isoMicros } from './base/time.js'
import { isSamePublication } from './capture/fingerprint.js'
import { gapRange } from './capture/gap-range.js'
import { type Lsn, maxLsn } from './capture/lsn.js'
import { goOn } from './capture/slot.js'
import type { Journal } from './journal/journal.js'

export interface PublicationOptions {
  readonly slot: string
  readonly publication: string
  readonly journal: Journal
}

/** @param walEnd the server's now; null: it did not say @throws GapError */
export function assertSamePublication(fingerprint: string, walEnd: Lsn | null, options: PublicationOptions): void {
  const known = options.journal.checkpoint()?.publication ?? null
  if (known === null || isSamePublication(known, fingerprint)) return
  const reason = `publication "${options.publication}" is not what it was when it was last looked at: what was written meanwhile may be missing`
  throw new GapError(drift(reason, walEnd, options), goOn)
}

/** The facts of a gap in what is published. @param to behind which it is known to be right again, as far as is known */
export function drift(reason: string, to: Lsn | null, { journal, slot }: PublicationOptions): GapFacts {
  const checkpoint = journal.checkpoint()
  const at = checkpoint?.lastCommittedAt ?? null
  const seen = checkpoint?.publicationSeenLsn ?? null
  const isSeen = seen !== null && (to === null || seen <= to)
  const from = checkpoint && (isSeen ? maxLsn(seen, checkpoint.completeFromLsn) : checkpoint.durableLsn)
  const lastCommitAt = at === null ? null : isoMicros(at)
  return { kind: 'publication changed', slot, reason, ...gapRange('publication changed', from, to), lastCommitAt }
}
