// What a scenario measured, as it is printed, written and plotted.
import type { Spread } from './statistics.js'

export interface Figure {
  readonly scenario: string
  readonly name: string
  readonly unit: string
  /** Median, lowest and highest of the rounds. */
  readonly value: Spread
  /** The goal in words, and whether it was met; null: a figure without a goal of its own. */
  readonly goal: { readonly text: string; readonly met: boolean } | null
}

export interface Options {
  readonly rounds: number
  /** Transactions, seconds … are multiplied by this: below 1 for a look, and for the gate. */
  readonly scale: number
  say(text: string): void
}

export interface Measured {
  readonly figures: readonly Figure[]
  readonly plots: readonly Plot[]
}

export interface Plot {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly bars: readonly { readonly label: string; readonly value: number }[]
}

export const atLeast = (value: number, limit: number): Figure['goal'] => ({
  text: `≥ ${limit}`,
  met: value >= limit,
})

export const atMost = (value: number, limit: number): Figure['goal'] => ({ text: `≤ ${limit}`, met: value <= limit })
