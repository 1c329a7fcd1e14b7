// How `explain`, `replay` and `status` tell of a gap that touches what they show: its id, from where to where, and what became of
// it. In: gaps. Out: lines. Owns that no answer about the past is given as whole where it is not.
import type { Gap } from '../journal/gaps.js'
import { printable } from './printable.js'

/** The shape that `--json` prints of one. */
export interface ToldGap {
  readonly id: number
  readonly from: string
  readonly to: string
  readonly accepted_at: string | null
}

export const toldGap = ({ id, from, to, acceptedAt }: Gap): ToldGap => ({
  id,
  from,
  to,
  accepted_at: acceptedAt === null ? null : new Date(acceptedAt).toISOString(),
})

/** A line each, indented; empty: there is none. */
export const gapLines = (gaps: readonly Gap[]): string =>
  printable(gaps)
    .map((gap) => `  gap ${gap.id}  ${gap.from} … ${gap.to}, ${stateOf(gap)}: ${gap.reason}\n`)
    .join('')

function stateOf({ acceptedAt, resumedAt }: Gap): string {
  if (acceptedAt === null) return 'not accepted yet'
  const accepted = `accepted at ${new Date(acceptedAt).toISOString()}`
  return resumedAt === null ? `${accepted}, not gone on behind yet` : accepted
}
