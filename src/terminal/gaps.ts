// `notifyd gaps list|accept`: what is missing, and the operator's word that the daemon may go on behind it.
import type { Gap } from '../journal/gaps.js'
import { ask } from './ask.js'
import { counted } from './counted.js'
import { jsonText, printable } from './printable.js'
import { readJournal } from './read-journal.js'
import { rowGapAsJson, rowOfRowGap } from './row-gaps.js'

export interface GapsOptions {
  readonly journal: string
  readonly json: boolean
}

/** @param options `limit`: gaps of one row that are shown: there can be as many as a partition has rows. */
export async function listGaps({ journal: path, json, limit }: GapsOptions & { limit: number }): Promise<string> {
  const { gaps, ofRows, waiting } = await readJournal(path, (journal) => ({
    gaps: journal.gaps(),
    ofRows: journal.rowGaps(limit),
    waiting: journal.figures().rowGaps,
  }))
  if (json) return `${jsonText([...gaps.map(asJson), ...ofRows.map(rowGapAsJson)])}\n`
  const rows = [...printable(gaps).map(row), ...printable(ofRows).map(rowOfRowGap)]
  const left = waiting - ofRows.filter(({ acceptedAt }) => acceptedAt === null).length
  if (left > 0)
    rows.push(
      `… and ${counted(left, 'more row')} that wait${left === 1 ? 's' : ''}: --limit ${waiting} shows all that wait`,
    )
  return rows.length === 0 ? 'no gaps\n' : `${rows.join('\n')}\n`
}

export interface AcceptOptions extends GapsOptions {
  /** Endpoints that asked for notices. */
  readonly gapNotices: readonly string[]
}

/** Every gap that waits; the daemon goes on at once, or at its next start. */
export async function acceptGaps({ journal, json, gapNotices }: AcceptOptions): Promise<string> {
  const answer = await ask(journal, { kind: 'gaps accept', arguments: {} }, new Set(), gapNotices)
  if (json) return `${jsonText(answer)}\n`
  const count = 'done' in answer ? answer.done : 0
  return count === 0
    ? 'no gap waits to be accepted\n'
    : `${count} accepted: the daemon goes on behind it, at once where it runs\n`
}

/** The shape that `--json` prints, in an array. */
const asJson = ({ foundAt, acceptedAt, resumedAt, lastCommitAt, table: _, ...gap }: Gap) => ({
  ...gap,
  last_commit_at: lastCommitAt,
  found_at: new Date(foundAt).toISOString(),
  accepted_at: acceptedAt === null ? null : new Date(acceptedAt).toISOString(),
  resumed_at: resumedAt === null ? null : new Date(resumedAt).toISOString(),
})

function row(gap: Gap): string {
  const at = (ms: number) => new Date(ms).toISOString()
  const state =
    gap.resumedAt !== null
      ? `gone on at ${at(gap.resumedAt)}`
      : gap.acceptedAt !== null
        ? `accepted at ${at(gap.acceptedAt)}`
        : 'waits for notifyd gaps accept'
  const size = gap.bytes === null ? '' : ` (${gap.bytes} bytes)`
  return `${at(gap.foundAt)}  ${gap.from} … ${gap.to}${size}  last commit ${gap.lastCommitAt ?? 'unknown'}  ${state}\n  ${gap.reason}`
}
