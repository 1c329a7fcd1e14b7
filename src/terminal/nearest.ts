// A name that somebody typed, held against those that there are. In: the name, and the known ones. Out: the nearest, or nothing
// where a guess would only mislead. Pure.

/** Null: none is near enough. Letters' case does not count. */
export function nearest(given: string, known: Iterable<string>): string | null {
  const [first] = [...known]
    .map((candidate) => ({ candidate, likeness: likeness(given.toLowerCase(), candidate.toLowerCase()) }))
    .filter((near) => near.likeness > 0.5)
    .sort((a, b) => b.likeness - a.likeness)
  return first?.candidate ?? null
}

/** From 0 to 1: the share of the letters that an edit leaves. */
const likeness = (a: string, b: string): number => 1 - editDistance(a, b) / Math.max(a.length, b.length)

/** Damerau's: two letters that changed places are one edit, as in `ulr`. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j += 1) {
      const substituted = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      const isSwapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j]
      const swapped = isSwapped ? (before[j - 1] ?? 0) + 1 : substituted
      next.push(Math.min(substituted, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row.at(-1) ?? 0
}
