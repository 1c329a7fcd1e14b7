// `npm run bench [-- --only NAME] [-- --json] [-- --gate]`: every figure on this machine, now. Writes bench/results/<date>.json
// and, of a whole run, the table and plots of docs/performance.md.
import { parseArgs } from 'node:util'
import type { Measured, Options } from './figure.js'
import { gate } from './gate.js'
import { describeMachine, table, writeResults } from './report.js'
import { backlog } from './scenarios/backlog.js'
import { capture } from './scenarios/capture.js'
import { idle } from './scenarios/idle.js'
import { isolation } from './scenarios/isolation.js'
import { latency } from './scenarios/latency.js'
import { outage } from './scenarios/outage.js'
import { replay } from './scenarios/replay.js'
import { slowEndpoint } from './scenarios/slow-endpoint.js'
import { throughput } from './scenarios/throughput.js'

const scenarios: Readonly<Record<string, (options: Options) => Promise<Measured>>> = {
  throughput: (options) => throughput(options, 'plain'),
  wide: (options) => throughput(options, 'wide'),
  capture,
  latency,
  'slow-endpoint': slowEndpoint,
  isolation,
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
const names = values.gate
  ? ['throughput', 'capture']
  : values.only === undefined
    ? Object.keys(scenarios)
    : [values.only]
const options = {
  rounds: values.gate ? 3 : Number(values.rounds),
  scale: values.gate ? 0.2 : Number(values.scale),
  say,
}
const measured: Measured[] = []
for (const name of names) {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`--only ${name}: there are ${Object.keys(scenarios).join(', ')}`)
  measured.push(await scenario(options))
  // What was measured is kept, whatever the next scenario does.
  if (!values.gate)
    writeResults(
      measured.flatMap((one) => one.figures),
      [],
      { whole: false, ...options },
    )
}
const figures = measured.flatMap((one) => one.figures)
const plots = measured.flatMap((one) => one.plots)
process.stdout.write(
  values.json ? `${JSON.stringify({ machine: describeMachine(), figures })}\n` : `${table(figures)}\n`,
)
if (values.gate) process.exitCode = gate(figures, say) ? 0 : 1
else writeResults(figures, plots, { whole: values.only === undefined, ...options })
