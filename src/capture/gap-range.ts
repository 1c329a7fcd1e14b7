// The range of WAL that a gap stands for, as it is printed. Owns that a range is never empty, and that its size is true: where
// no end is known that lies behind the beginning, or the two are of different histories, nobody can say.
import type { GapFacts, GapKind } from '../base/errors.js'
import { formatLsn, type Lsn } from './lsn.js'

export type GapRange = Pick<GapFacts, 'from' | 'to' | 'bytes'>

const unknown = 'unknown'

/** They end in another history than they began in: there is no distance between the two LSNs. */
const betweenHistories: ReadonlySet<GapKind> = new Set<GapKind>([
  'another cluster',
  'server is behind',
  'another timeline',
])

/** @param to behind which nothing is missing, as far as is known; null: nobody can say */
export function gapRange(kind: GapKind, from: Lsn | null, to: Lsn | null): GapRange {
  const begins = from === null ? unknown : formatLsn(from)
  const isOneHistory = from !== null && !betweenHistories.has(kind)
  if (to === null || (isOneHistory && to <= from)) return { from: begins, to: unknown, bytes: null }
  return { from: begins, to: formatLsn(to), bytes: isOneHistory ? Number(to - from) : null }
}
