// `npm run bench [-- --only NAME] [-- --json] [-- --gate]`: every figure on this machine, now. Writes bench/results/<date>.json
// and, of a whole run, the table and plots of docs/performance.md.
import { parseArgs } from 'node:util'
import type { Figure, Measured, Options } from './figure.js'
import { gate, gateRun } from './gate.js'
import { describeMachine, table, writePage, writeResults } from './report.js'
import { backlog } from './scenarios/backlog.js'
import { behind } from './scenarios/behind.js'
import { capture } from './scenarios/capture.js'
import { idle } from './scenarios/idle.js'
import { isolation } from './scenarios/isolation.js'
import { latency } from './scenarios/latency.js'
import { outage } from './scenarios/outage.js'
import { replay } from './scenarios/replay.js'
import { slowEndpoint } from './scenarios/slow-endpoint.js'
import { starvation } from './scenarios/starvation.js'
import { throughput } from './scenarios/throughput.js'

const scenarios: Readonly<Record<string, (options: Options) => Promise<Measured>>> = {
  throughput: (options) => throughput(options, 'plain'),
  wide: (options) => throughput(options, 'wide'),
  capture,
  latency,
  'slow-endpoint': slowEndpoint,
  isolation,
  behind,
  starvation,
  replay,
  backlog,
  outage,
  idle,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)
const isWhole = !values.gate && values.only === undefined
const measured: Measured[] = []
const figures = () => measured.flatMap((one) => one.figures)

async function measure(name: string, { rounds, scale }: { rounds: number; scale: number }): Promise<Measured> {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`--only ${name}: there are ${Object.keys(scenarios).join(', ')}`)
  return scenario({ rounds, scale, say })
}

async function measureForGate(): Promise<Figure[]> {
  const all: Figure[] = []
  for (const name of gateRun.scenarios) all.push(...(await measure(name, gateRun)).figures)
  return all
}

if (values.gate) process.exitCode = gate(await measureForGate(), say) ? 0 : 1
else {
  const run = { rounds: Number(values.rounds), scale: Number(values.scale) }
  for (const name of values.only === undefined ? Object.keys(scenarios) : [values.only]) {
    measured.push(await measure(name, run))
    // What was measured is kept, whatever the next scenario does.
    writeResults({ ...run, figures: figures(), gate: [] }, { isWhole: false })
  }
  process.stdout.write(
    values.json ? `${JSON.stringify({ machine: describeMachine(), figures: figures() })}\n` : `${table(figures())}\n`,
  )
  if (isWhole) {
    const results = { ...run, figures: figures(), gate: await measureForGate() }
    writeResults(results, { isWhole: true })
    writePage(
      results,
      measured.flatMap((one) => one.plots),
    )
  }
}
