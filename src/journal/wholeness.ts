// What "whole" leaves out: the gaps that may lie in what the journal calls whole. In: the checkpoint and the record of gaps. Out:
// those of which nobody knows that they ended before. Pure. Owns that in doubt a gap is told.
import { type Lsn, parseLsn } from '../capture/lsn.js'
import type { Checkpoint } from './checkpoint.js'
import type { Gap } from './gaps.js'

/** Null: nobody knows. A gap that is not gone on behind yet has no end. */
interface Limits {
  readonly begin: Lsn | null
  readonly end: Lsn | null
}

const lsnOf = (text: string): Lsn | null => (text.includes('/') ? parseLsn(text) : null)

const limitsOf = ({ from, to, resumedAt }: Gap): Limits => ({
  begin: lsnOf(from),
  end: resumedAt === null ? null : lsnOf(to),
})

/** The oldest first. One that ended where the whole begins, or that neither has an end nor begins behind that, lies before. */
export const gapsInside = (
  { completeFromLsn }: Pick<Checkpoint, 'completeFromLsn'>,
  gaps: readonly Gap[],
): readonly Gap[] =>
  gaps.filter((gap) => {
    const { begin, end } = limitsOf(gap)
    if (gap.resumedAt === null) return true
    return end === null ? begin !== null && begin >= completeFromLsn : end > completeFromLsn
  })

/** Whether something between the two may be missing because of it, both included. @param to null: there is no end */
export function mayHide(gap: Gap, from: Lsn, to: Lsn | null): boolean {
  const { begin, end } = limitsOf(gap)
  // Of two histories: its end may bear a lower LSN than its beginning.
  if (begin !== null && end !== null && end < begin) return true
  return (end === null || end >= from) && (begin === null || to === null || begin <= to)
}

/** `, but for 2 gaps`; nothing where there is none. */
export const butFor = ({ length }: readonly Gap[]): string =>
  length === 0 ? '' : `, but for ${length === 1 ? 'a gap' : `${length} gaps`}`
