// `npm run proof:backup`: a backup ends while 500 commits a second are written beside it, and is whole. In: --rate (commits a
// second) and --rows (deliveries in the journal before). Out: how long it took, the -wal at its largest; status 1 when it is not whole.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Lsn } from '../../src/capture/lsn.js'
import { Journal } from '../../src/journal/journal.js'
import { firstFinding } from '../../src/journal/quick-check.js'
import { source } from '../../test/compute/changes.js'
import { journaled } from '../../test/support/journal-home.js'
import { makeHome } from '../../testbed/daemon.js'

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '500' }, rows: { type: 'string', default: '100000' } },
})
const rate = Number(values.rate)
const rows = Number(values.rows)
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const mb = (bytes: number) => `${(bytes / 1_000_000).toFixed(1)} MB`

await using home = await makeHome({
  database: { url: 'postgres://none.invalid/none' },
  endpoints: [{ name: 'desk', url: 'https://desk.example/' }],
})
const journal = await Journal.open(home.journalFile)
await journal.recordSlotCreated({ slot: 'notifyd', source, consistentLsn: 1n as Lsn })

let lsn = 0x100n
/** One transaction that owes one notification of 1 kB. */
const next = () => {
  lsn += 0x100n
  const change = journaled({ commitLsn: lsn, owes: [{ endpoint: 'desk' }] })
  const [owed] = change.notifications
  return owed === undefined ? change : { ...change, notifications: [{ ...owed, body: 'x'.repeat(1_000) }] }
}
const commit = (count: number) =>
  journal.append({ source, changes: Array.from({ length: count }, next), durableLsn: lsn as Lsn, lastCommit: null })

for (let done = 0; done < rows; done += 1_000) await commit(1_000)
process.stderr.write(`${rows} deliveries, ${mb((await stat(home.journalFile)).size)}\n`)

const folder = await mkdtemp(join(tmpdir(), 'notifyd-backup-'))
const file = join(folder, 'copy.db')
const before = journal.checkpoint()?.durableLsn ?? 0n
const started = performance.now()
const child = spawn(process.execPath, [cli, 'backup', file, '--config', home.configFile], { stdio: 'inherit' })
let isRunning = true
let commits = 0
let wal = 0
const ended = once(child, 'close').then(() => {
  isRunning = false
})
while (isRunning) {
  const due = Math.floor(((performance.now() - started) / 1_000) * rate) - commits
  // Those that are due share an fsync, as the daemon's do.
  await Promise.all(Array.from({ length: due }, () => commit(1)))
  commits += due
  wal = Math.max(wal, (await stat(`${home.journalFile}-wal`)).size)
  await sleep(1)
}
await ended
const tookS = (performance.now() - started) / 1_000
const finding = firstFinding(file)
const copy = await Journal.open(file, 'reader')
const held = copy.checkpoint()?.durableLsn ?? 0n
const owed = copy.debts()[0]?.owed ?? 0
copy.close()
const checkpointed = journal.upkeep.emptyWal()
journal.close()
await rm(folder, { recursive: true })

// Each transaction owes one: a copy of one moment holds as many as its checkpoint says.
const isWhole = child.exitCode === 0 && finding === null && held >= before && BigInt(owed) === (held - 0x100n) / 0x100n
process.stdout.write(
  `${tookS.toFixed(1)} s with ${(commits / tookS).toFixed(0)} commits/s beside (asked for: ${rate}); -wal at most ${mb(wal)}, emptied afterwards: ${checkpointed ? 'yes' : 'no'}; ${owed} deliveries, whole: ${isWhole ? 'yes' : `no (${finding})`}\n`,
)
process.exitCode = isWhole ? 0 : 1
