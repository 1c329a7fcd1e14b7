// `notifyd gaps list|accept`: what is missing, and the operator's word that the daemon may go on behind it.
import { UsageError } from '../base/errors.js'
import type { Gap } from '../journal/gaps.js'
import type { RowGap } from '../journal/row-gaps.js'
import { ask } from './ask.js'
import { chosenGaps, gapName, knownGaps } from './chosen-gaps.js'
import { counted } from './counted.js'
import { jsonText, printable } from './printable.js'
import { readJournal } from './read-journal.js'
import { rowGapAsJson, rowGapName, rowOfRowGap } from './row-gaps.js'

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

/** Of one row, that were accepted: there can be as many as a partition has rows. */
const rowsShown = 200

export interface AcceptOptions extends GapsOptions {
  /** Endpoints that asked for notices. */
  readonly gapNotices: readonly string[]
  /** Ids as `gaps list` prints them, or LSNs; none: every gap that halts the stream, and with `rows` none of them. */
  readonly names: readonly string[]
  /** All gaps of one row that are there now. */
  readonly rows: boolean
}

/** Those that were there when it was asked, and no other; the daemon goes on at once, or at its next start. @throws UsageError */
export async function acceptGaps({ journal, json, names, rows, gapNotices }: AcceptOptions): Promise<string> {
  const known = await readJournal(journal, knownGaps)
  const chosen = chosenGaps(known, names, rows)
  const waiting = (gap: Gap | RowGap) => gap.acceptedAt === null
  const ids = (gaps: readonly (Gap | RowGap)[]) => gaps.filter(waiting).map(({ id }) => id)
  const last = Math.max(...ids(chosen.ofRows))
  const given = {
    gaps: ids(chosen.gaps),
    ...(rows ? Number.isFinite(last) && { rowsUpTo: last } : { rows: ids(chosen.ofRows) }),
  }
  const answer = await ask(journal, { kind: 'gaps accept', arguments: given }, new Set(), gapNotices)
  if ('error' in answer) throw new UsageError(answer.error)
  const among = (gaps: readonly (Gap | RowGap)[]) => {
    const chosenIds = new Set(gaps.map(({ id }) => id))
    return ({ id }: Gap | RowGap) => chosenIds.has(id)
  }
  const now = await readJournal(journal, knownGaps)
  const accepted = {
    gaps: now.gaps.filter(among(chosen.gaps)),
    ofRows: now.ofRows.filter(among(chosen.ofRows)),
  }
  if (json) {
    const told = [...accepted.gaps.map(gapName), ...accepted.ofRows.map(rowGapName)]
    return `${jsonText({ ...answer, accepted: told })}\n`
  }
  const left = now.ofRows.filter(waiting).length
  const rest =
    left === 0 ? '' : `${counted(left, 'gap')} of one row ${left === 1 ? 'waits' : 'wait'}: notifyd gaps list\n`
  const what = chosen.gaps.some(waiting) ? 'the daemon goes on behind it, at once where it runs' : 'the record stays'
  const first = answer.done === 0 ? 'no gap waits to be accepted\n' : `${answer.done} accepted: ${what}\n`
  const lines = [
    ...printable(accepted.gaps).map(row),
    ...printable(accepted.ofRows.slice(0, rowsShown)).map(rowOfRowGap),
  ]
  return `${first}${lines.map((line) => `${line}\n`).join('')}${rest}`
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
  return `gap ${gapName(gap)}  ${at(gap.foundAt)}  ${gap.from} … ${gap.to}${size}  last commit ${gap.lastCommitAt ?? 'unknown'}  ${state}\n  ${gap.reason}`
}
