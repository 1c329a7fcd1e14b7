// Medians and percentiles of what was measured.

export const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)

/** @param share 0 to 1; nearest rank */
export function percentile(values: readonly number[], share: number): number {
  const ordered = sorted(values)
  return ordered[Math.min(ordered.length - 1, Math.max(0, Math.ceil(share * ordered.length) - 1))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => {
  const ordered = sorted(values)
  const middle = ordered.length >> 1
  const upper = ordered[middle] ?? Number.NaN
  return ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? Number.NaN) + upper) / 2
}

export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  lowest: Math.min(...values),
  highest: Math.max(...values),
})
