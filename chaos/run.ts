// `npm run chaos -- --minutes N --seed S`: a clinic at work, a daemon, three receivers, and faults; then the judge. Ends by
// itself; status 1 when anything was lost, told twice under another id, out of order, or a number is missing.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { seededRandom } from '../testbed/random.js'
import { fault } from './faults.js'
import { type HistoryVerdict, histories, listGaps, otherHistory } from './histories.js'
import { accepted, examples, isClean, judge } from './judge.js'
import { openChaosSite } from './site.js'
import { readTruth } from './truth.js'
import { write } from './writers.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000) % 100_000) },
    writers: { type: 'string', default: '4' },
    rate: { type: 'string', default: '50' },
  },
})
const seed = Number(values.seed)
const untilMs = Date.now() + Number(values.minutes) * 60_000
const settleMs = 120_000
const say = (text: string) => process.stdout.write(`${text}\n`)

const logFile = join(mkdtempSync(join(tmpdir(), 'notifyd-chaos-')), 'daemon.log')
say(`seed ${seed}, ${values.minutes} minutes; the daemon's log: ${logFile}`)
await using site = await openChaosSite(logFile)
await site.daemon().line('streaming')

const random = seededRandom(seed)
const working = new AbortController()
const writers = Array.from({ length: Number(values.writers) }, (_, index) =>
  write({
    url: site.url,
    seed: seed * 10 + index,
    rate: Number(values.rate),
    signal: working.signal,
  }),
)
const faults = new Map<string, number>()
while (Date.now() < untilMs) {
  const name = await fault(site, random)
  faults.set(name, (faults.get(name) ?? 0) + 1)
  await sleep(200 + random.below(1_200))
}
working.abort()
site.stepClock(0)
const transactions = (await Promise.all(writers)).reduce((sum, writer) => sum + writer.transactions, 0)

const client = new pg.Client(site.url)
await client.connect()
const truth = await readTruth(client)
await client.end()
const healed = performance.now()
const isSettled = () => site.receivers.every((receiver) => accepted(receiver) >= truth.length)
while (!isSettled() && performance.now() - healed < settleMs) await sleep(500)
// What was not due would come behind what was.
await sleep(2_000)

const count = [...faults.values()].reduce((sum, times) => sum + times, 0)
say(
  `${transactions} transactions, ${truth.length} notifications due to each of ${site.receivers.length} receivers, ${count} faults`,
)
for (const [name, times] of [...faults].sort()) say(`  ${String(times).padStart(5)} ${name}`)
say(`the daemon ended: ${[...site.ends].map(([how, times]) => `${times} × ${how}`).join(', ') || 'never'}`)
const verdicts = site.receivers.map((receiver) => judge(truth, receiver))
for (const verdict of verdicts) say(printVerdict(verdict))
say(`all delivered ${((performance.now() - healed) / 1000 - 2).toFixed(1)} s after the last fault`)
const gaps = (await listGaps(site)).length
say(`gaps: ${gaps}`)
const clean = verdicts.every(isClean) && gaps === 0
if (!clean)
  for (const receiver of site.receivers.slice(0, 1)) for (const example of examples(truth, receiver)) say(example)

const isTold = ({ lostInSilence, gaps }: HistoryVerdict) => lostInSilence === 0 && gaps > 0
let areTold = clean
for (const which of clean ? histories : []) {
  const verdict = await otherHistory(site, random, which)
  say(`${which}: ${printVerdict(verdict)}`)
  areTold &&= isTold(verdict)
}
say(
  areTold
    ? 'nothing lost, nothing told twice under another id, nothing out of order, no number missing'
    : `FAILED: npm run chaos -- --minutes ${values.minutes} --seed ${seed}`,
)
process.exitCode = areTold ? 0 : 1

function printVerdict(verdict: object): string {
  return Object.entries(verdict)
    .map(([name, value]) => `${name} ${value}`)
    .join('  ')
}
