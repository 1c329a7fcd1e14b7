// Which gaps `gaps accept` means: the ids that `gaps list` prints, or LSNs, in; gaps of the journal out. Owns that what is not
// there is refused with the nearest, and that a gap of one row is accepted by its name or by `--rows`, never along with another.
import { UsageError } from '../base/errors.js'
import { type Lsn, parseLsn } from '../capture/lsn.js'
import type { Gap } from '../journal/gaps.js'
import type { Journal } from '../journal/journal.js'
import type { RowGap } from '../journal/row-gaps.js'
import { nearest } from './nearest.js'
import { rowGapName } from './row-gaps.js'

export interface KnownGaps {
  readonly gaps: readonly Gap[]
  readonly ofRows: readonly RowGap[]
}

export const knownGaps = (journal: Journal): KnownGaps => ({
  gaps: journal.gaps(),
  ofRows: journal.rowGaps(Number.MAX_SAFE_INTEGER),
})

export const gapName = ({ id }: Pick<Gap, 'id'>): string => String(id)

/** @param names none: all that halt the stream and wait. @param rows all of one row that wait, with them @throws UsageError */
export function chosenGaps(known: KnownGaps, names: readonly string[], rows: boolean): KnownGaps {
  const waits = ({ acceptedAt }: Gap | RowGap) => acceptedAt === null
  if (names.length === 0) {
    return rows ? { gaps: [], ofRows: known.ofRows.filter(waits) } : { gaps: known.gaps.filter(waits), ofRows: [] }
  }
  if (rows) throw new UsageError('give names of gaps or --rows, not both')
  const found = names.map((name) => named(known, name))
  return { gaps: found.flatMap(({ gaps }) => gaps), ofRows: found.flatMap(({ ofRows }) => ofRows) }
}

/** By an LSN: the gap that begins there, and every row of a commit of it. */
function named(known: KnownGaps, name: string): KnownGaps {
  const lsn = lsnOf(name)
  const gaps = known.gaps.filter((gap) => (lsn === null ? gapName(gap) === name : lsnOf(gap.from) === lsn))
  const ofRows = known.ofRows.filter((gap) => (lsn === null ? rowGapName(gap) === name : lsnOf(gap.lsn) === lsn))
  if (gaps.length + ofRows.length > 0) return { gaps, ofRows }
  const near = lsn === null ? nearestName(known, name) : nearestLsn(known, lsn)
  throw new UsageError(`there is no gap ${name}${near === null ? '' : `: the nearest is ${near}`}`)
}

function nearestName({ gaps, ofRows }: KnownGaps, name: string): string | null {
  const number = (text: string) => Number(text.replace('row-', ''))
  const ofItsKind = name.startsWith('row') ? ofRows.map(rowGapName) : gaps.map(gapName)
  const near = nearest(name, ofItsKind)
  if (near !== null || !Number.isFinite(number(name))) return near
  const distance = (one: string) => Math.abs(number(one) - number(name))
  return ofItsKind.toSorted((a, b) => distance(a) - distance(b))[0] ?? null
}

function nearestLsn({ gaps, ofRows }: KnownGaps, lsn: Lsn): string | null {
  const distance = (text: string) => {
    const at = lsnOf(text)
    return at === null ? Number.POSITIVE_INFINITY : Math.abs(Number(at - lsn))
  }
  const all = [...gaps.map(({ from }) => from), ...ofRows.map((gap) => gap.lsn)]
  return all.toSorted((a, b) => distance(a) - distance(b))[0] ?? null
}

function lsnOf(text: string): Lsn | null {
  if (!text.includes('/')) return null
  try {
    return parseLsn(text)
  } catch {
    return null // it is no LSN, so it is nobody's
  }
}
