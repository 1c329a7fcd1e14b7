// The gate: the ratios of a short run against those that the last whole run recorded of the same short run, because what a
// start costs weighs more the shorter a run is. A ratio that fell by more than 15 % fails.
import { readdirSync, readFileSync } from 'node:fs'
import type { Figure } from './figure.js'

const folder = new URL('./results/', import.meta.url)
const tolerance = 0.85

/** What the short run is; half a minute. */
export const gateRun = { scenarios: ['throughput', 'capture'], rounds: 3, scale: 0.2 } as const

export function gate(figures: readonly Figure[], say: (text: string) => void): boolean {
  const latest = readdirSync(folder)
    .filter((name) => /^\d{4}-\d\d-\d\d\.json$/.test(name))
    .sort()
    .at(-1)
  if (latest === undefined) throw new Error('bench/results holds no whole run to compare with: npm run bench')
  const recorded = JSON.parse(readFileSync(new URL(latest, folder), 'utf8')) as { gate: readonly Figure[] }
  const ratios = figures.filter(({ name }) => name === 'ratio')
  const results = ratios.map(({ scenario, name, value }) => {
    const before = recorded.gate.find((figure) => figure.scenario === scenario && figure.name === name)
    if (before === undefined) throw new Error(`${latest} has no ${name} of ${scenario} for the gate`)
    const holds = value.median >= before.value.median * tolerance
    say(`${holds ? '✓' : '✗'} ${scenario}: ${value.median.toFixed(3)}, recorded ${before.value.median.toFixed(3)}`)
    return holds
  })
  return results.length > 0 && results.every(Boolean)
}
