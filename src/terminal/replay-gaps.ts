// The gaps that a replay's range crosses. In: the range as it was asked for, LSNs or times. Out: the gaps in which commits of that
// range may be missing. Owns that a replay over a gap, which can only send what was journaled, says so.
import { parseLsn } from '../capture/lsn.js'
import type { Gap } from '../journal/gaps.js'
import type { Journal } from '../journal/journal.js'
import type { ReplaySelection } from '../journal/replay-range.js'
import { gapsInside, mayHide } from '../journal/wholeness.js'
import { gapLines } from './gap-remark.js'
import { placeOf } from './moment.js'
import type { AskedReplay } from './replay-selection.js'

/** @param selection of what was asked for, as the journal has it. A replay of one notification crosses none. */
export function gapsCrossed(
  journal: Journal,
  { webhookId, from, to }: AskedReplay,
  selection: Pick<ReplaySelection, 'from' | 'to'>,
): readonly Gap[] {
  const checkpoint = journal.checkpoint()
  if (checkpoint === null || webhookId !== undefined || from === undefined) return []
  const first = placeOf('--from', from)
  const last = to === undefined ? null : placeOf('--to', to)
  const end = selection.to === undefined ? null : parseLsn(selection.to)
  return gapsInside(checkpoint, journal.gaps()).filter((gap) => {
    // Between two times there need not be a commit that was journaled: where all of them are missing there is none.
    const reaches = first.tag === 'lsn' ? mayHide(gap, first.lsn, null) : (gap.resumedAt ?? first.at) >= first.at
    if (last === null) return reaches
    const isBegun = mayHide(gap, checkpoint.completeFromLsn, last.tag === 'lsn' ? last.lsn : end)
    return reaches && (isBegun || (last.tag === 'time' && lastSeenBefore(gap) <= last.at))
  })
}

/** Unix ms of the last commit that was seen before it was found. */
const lastSeenBefore = ({ lastCommitAt }: Gap): number => (lastCommitAt === null ? 0 : Date.parse(lastCommitAt))

/** Empty: it crosses none. */
export function crossedText(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return ''
  return `the range crosses ${gaps.length === 1 ? 'a gap' : `${gaps.length} gaps`}: what of it the journal does not have is not sent\n${gapLines(gaps)}`
}
