// A line of cells as wide as the terminal is. In: cells, each with how gladly it is given up, and a width in columns. Out: one
// line that fits; a pipe has no width, and gets everything. Wide characters count for the two columns that they take.
import stringWidth from 'string-width'

export interface Cell {
  /** Printable. Empty: left out. */
  readonly text: string
  /** Columns that it takes at least, where there is room. */
  readonly atLeast?: number
  /** 0: always there, cut where nothing else helps. The highest goes first. */
  readonly rank: number
  readonly paint?: (text: string) => string
}

const gap = '  '

/** Of stdout; a pipe or a file has no end, a terminal that does not tell has 80. */
export function terminalWidth(): number {
  if (process.stdout.isTTY !== true) return Number.POSITIVE_INFINITY
  return process.stdout.columns > 0 ? process.stdout.columns : 80
}

/** @param width in columns; at most so many are taken */
export function fitted(cells: readonly Cell[], width: number): string {
  const kept = cells.filter(({ text }) => text !== '')
  while (widthOf(kept) > width) {
    const rank = Math.max(...kept.map((cell) => cell.rank))
    if (rank === 0) return painted(cut(kept, width), width)
    kept.splice(
      kept.findLastIndex((cell) => cell.rank === rank),
      1,
    )
  }
  return painted(kept, width)
}

const widthOf = (cells: readonly Cell[]): number =>
  cells.reduce((sum, { text }) => sum + stringWidth(text), gap.length * Math.max(cells.length - 1, 0))

/** The widest gives up what is too much, and where that is not enough the next one too. */
function cut(cells: readonly Cell[], width: number): readonly Cell[] {
  const excess = widthOf(cells) - width
  if (excess <= 0) return cells
  const widest = cells.reduce((a, b) => (stringWidth(b.text) > stringWidth(a.text) ? b : a))
  const own = stringWidth(widest.text)
  if (own <= 1) return cells
  const text = shortened(widest.text, Math.max(own - excess, 1))
  return cut(
    cells.map((cell) => (cell === widest ? { ...cell, text } : cell)),
    width,
  )
}

/** At most `room` columns, an ellipsis at its end where something was cut off. */
function shortened(text: string, room: number): string {
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(kept + segment) > room - 1) break
    kept += segment
  }
  return `${kept}…`
}

/** The first cells get what they take at least before the later ones do, so that the lines of a screen stand in columns. */
function painted(cells: readonly Cell[], width: number): string {
  let room = width - widthOf(cells)
  const shown = cells.map(({ text, atLeast = 0, paint }, index) => {
    const isLast = index === cells.length - 1
    const padding = isLast ? 0 : Math.max(Math.min(atLeast - stringWidth(text), room), 0)
    room -= padding
    return `${paint === undefined ? text : paint(text)}${' '.repeat(padding)}`
  })
  return shown.join(gap)
}
