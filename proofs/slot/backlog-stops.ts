// The server is stopped while the daemon works off a large backlog: one transaction, and many.
import { setTimeout as sleep } from 'node:timers/promises'
import { costOf } from '../../bench/process.js'
import { below, holds, type Scenario } from './scenario.js'
import { openProofSite, takeDown } from './site.js'
import { look } from './slot-watch.js'
import { attached, stopFast, stopsInTime, streamsAgain } from './stopping.js'
import { writeBacklog } from './work.js'

/** How long after the daemon attached the server is stopped. */
const afterMs = [300, 2_000, 8_000]

const backlogStop = (name: string, perTransaction: (rows: number) => number): Scenario => ({
  name,
  async run({ rows, say }) {
    await using site = await openProofSite({ settings: { max_wal_size: '4GB' } })
    await takeDown(site.receivers)
    await (await site.start()).stop()
    await writeBacklog(site.sql, rows, perTransaction(rows))
    say(`${rows} rows wait`)
    await site.sql.query('CHECKPOINT')
    const daemon = await site.start()
    const times: number[] = []
    const left: number[] = []
    let returned = 0
    for (const ms of afterMs) {
      await attached(site)
      await sleep(ms)
      left.push((await look(site.sql)).unconfirmed)
      await site.sql.query('CHECKPOINT')
      times.push(await stopFast(site))
      say(`${ms} ms after it attached: ${times.at(-1)?.toFixed(0)} ms`)
      if (await streamsAgain(site, daemon)) returned += 1
    }
    const mb = left.map((bytes) => (bytes / 1024 / 1024).toFixed(0))
    return [
      stopsInTime(`a backlog of ${rows} rows`, times),
      holds(
        'there was a backlog at each stop',
        `${mb.join(', ')} MB`,
        left.every((bytes) => bytes > 1024 * 1024),
      ),
      holds('the daemon streams again', `${returned} of ${times.length}`, returned === times.length),
      below('peak RSS of the daemon', costOf(daemon.pid ?? 0).peakRssBytes, 256),
    ]
  },
})

export const backlogStops: readonly Scenario[] = [
  backlogStop('stop-backlog-one-transaction', (rows) => rows),
  backlogStop('stop-backlog-many-transactions', () => 1_000),
]
