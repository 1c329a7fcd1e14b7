// `npm run proof:large -- [--rows N]`: one transaction of N rows (a million unless told otherwise) of appointments and note
// states, the built daemon, one endpoint that never answers and a healthy one beside it. Prints what was seen; status 1
// when the daemon's memory reached 256 MB, an order was broken, an id came twice, or the slot moved in between.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { formatLsn, type Lsn, parseLsn } from '../../src/capture/lsn.js'
import { ConfirmedWatch } from './confirmed.js'
import { openLargeSite, slot } from './site.js'

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } })
/** The same four rows for each appointment, far apart in the transaction. */
const story = ['created', 'rescheduled', 'checked_in', 'cancelled']
const appointments = Math.ceil(Number(values.rows) / story.length)
const rows = appointments * story.length
const maxRssBytes = 256 * 1024 * 1024
/** Nothing delivered for so long: it will not come any more. */
const patienceMs = 60_000
const say = (text: string) => process.stdout.write(`${text}\n`)
const mb = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

await using site = await openLargeSite(appointments, story)
const { healthy, stalled, daemon } = site
await using watch = await ConfirmedWatch.start(site.postgres.superuserUrl(), slot)
const idleRss = site.peakRss() ?? 0
say(
  `one transaction of ${rows.toLocaleString('en')} rows, four for each of ${appointments.toLocaleString('en')} appointments`,
)
const began = performance.now()
await site.commit()
const committed = performance.now()
say(`committed after ${seconds(committed - began)}`)

/** The slot as it was when the first notification arrived: the transaction is being read. */
let atFirst: Lsn | null = null
let valuesAtFirst = 0
let acknowledgedMs = 0
let deliveredBefore = 0
let told = committed
let progress = { distinct: 0, at: performance.now() }
const isAcknowledged = () => healthy.firstLsn !== null && watch.last > parseLsn(healthy.firstLsn)
while (healthy.distinct < rows || !isAcknowledged()) {
  await sleep(20)
  const now = performance.now()
  if (atFirst === null && healthy.posts > 0) {
    atFirst = watch.last
    valuesAtFirst = watch.seen.length
  }
  if (acknowledgedMs === 0) {
    deliveredBefore = healthy.distinct
    if (isAcknowledged()) acknowledgedMs = now - committed
  }
  if (healthy.distinct > progress.distinct) progress = { distinct: healthy.distinct, at: now }
  if (now - progress.at > patienceMs || site.peakRss() === null) break
  if (now - told < 10_000) continue
  told = now
  say(
    `  ${seconds(now - committed)}: ${healthy.distinct.toLocaleString('en')} delivered, peak RSS ${mb(site.peakRss() ?? 0)}`,
  )
}
const deliveredMs = performance.now() - committed
// What came twice would come now.
await sleep(2_000)
const peakRss = site.peakRss()
const commitLsn = healthy.firstLsn === null ? null : parseLsn(healthy.firstLsn)
const moved = watch.seen.slice(valuesAtFirst)
const between = moved.filter((lsn) => commitLsn === null || lsn <= commitLsn)
const verdict = healthy.verdict(appointments)
const stopping = performance.now()
await daemon.stop()
const stoppedMs = performance.now() - stopping

const checks: readonly (readonly [what: string, found: string, isGood: boolean])[] = [
  ['peak RSS of the daemon', `${mb(peakRss ?? 0)} (${mb(idleRss)} before)`, peakRss !== null && peakRss < maxRssBytes],
  ['distinct ids at the healthy endpoint', `${verdict.ids} of ${rows}`, verdict.ids === rows],
  ['duplicates', String(verdict.duplicates), verdict.duplicates === 0],
  ['missing sequence numbers', String(verdict.holes), verdict.holes === 0],
  ['out of order within an appointment', String(verdict.outOfOrder), verdict.outOfOrder === 0],
  ['appointments without all their notifications', String(verdict.incomplete), verdict.incomplete === 0],
  [
    'connections that the stalled endpoint took',
    `${stalled.accepted}, ${stalled.mostOpen} at once`,
    stalled.accepted > 0,
  ],
  ['slot while the transaction was read', atFirst === null ? 'never read' : formatLsn(atFirst), atFirst !== null],
  ['slot within the transaction', between.map(formatLsn).join(' ') || 'never', between.length === 0],
  ['slot behind the commit', moved.map(formatLsn).at(between.length) ?? 'never', isAcknowledged()],
  // Sending has its half of the time meanwhile.
  ['delivered before it was all in the journal', String(deliveredBefore), deliveredBefore > rows / 10],
  ['the daemon', peakRss === null ? 'ended by itself' : 'ran to the end', peakRss !== null],
]
say('')
for (const [what, found, isGood] of checks) say(`${isGood ? '✓' : '✗'} ${what.padEnd(46)} ${found}`)
say(`  ${'journaled and acknowledged after'.padEnd(46)} ${seconds(acknowledgedMs)}`)
const perSecond = Math.round(verdict.ids / (deliveredMs / 1000))
say(`  ${'delivered to the healthy endpoint after'.padEnd(46)} ${seconds(deliveredMs)} (${perSecond} a second)`)
say(`  ${'journal'.padEnd(46)} ${mb(site.journalBytes())}`)
say(`  ${'SIGTERM to exit'.padEnd(46)} ${seconds(stoppedMs)}`)
const isGood = checks.every(([, , good]) => good)
say(isGood ? 'memory bounded, order kept, each id once, acknowledged once' : 'FAILED')
process.exitCode = isGood ? 0 : 1
