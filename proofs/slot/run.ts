// `npm run proof:slot`: the slot on the clinical database is safe. Runs each scenario, prints what was to be and what was
// measured, and ends with status 1 when something does not hold.
import { parseArgs } from 'node:util'
import { backlogStops } from './backlog-stops.js'
import { frozenPath } from './frozen-path.js'
import { idleTables } from './idle-tables.js'
import { journalFullStop } from './journal-full-stop.js'
import { outage } from './outage.js'
import { plainStop } from './plain-stop.js'
import { publicationDroppedStop } from './publication-dropped-stop.js'
import { type Check, holds, type Scenario } from './scenario.js'
import { slowJournal } from './slow-journal.js'

const scenarios: readonly Scenario[] = [
  plainStop,
  journalFullStop,
  publicationDroppedStop,
  ...backlogStops,
  slowJournal,
  frozenPath,
  outage,
  idleTables,
]

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    changes: { type: 'string', default: '200000' },
    rate: { type: 'string', default: '1500' },
    'wal-mb': { type: 'string', default: '1024' },
    rows: { type: 'string', default: '1000000' },
  },
})
const chosen = scenarios.filter(({ name }) => values.only?.some((start) => name.startsWith(start)) ?? true)
if (chosen.length === 0) {
  process.stderr.write(`no such scenario; there are: ${scenarios.map(({ name }) => name).join(', ')}\n`)
  process.exit(2)
}
const results: ({ readonly scenario: string } & Check)[] = []
for (const { name, run } of chosen) {
  const say = (text: string) => process.stderr.write(`${name}: ${text}\n`)
  say('begins')
  const options = {
    changes: Number(values.changes),
    rate: Number(values.rate),
    walMb: Number(values['wal-mb']),
    rows: Number(values.rows),
    say,
  }
  const checks = await run(options).catch((error: unknown) => [
    holds('runs to its end', error instanceof Error ? error.message.slice(0, 2_000) : String(error), false),
  ])
  for (const check of checks) results.push({ scenario: name, ...check })
}
process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : table())
process.exitCode = results.every(({ pass }) => pass) ? 0 : 1

function table(): string {
  const rows = [
    ['scenario', 'goal', 'measured', 'pass'],
    ...results.map(({ scenario, goal, measured, pass }) => [scenario, goal, measured, pass ? '✓' : '✗']),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.split('\n')[0]?.length ?? 0)))
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('')
}
