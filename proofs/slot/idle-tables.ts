// The mapped tables are idle while the application writes much else: the slot follows although nothing is ever sent through it.
import { costOf } from '../../bench/process.js'
import { below, holds, type Scenario, within } from './scenario.js'
import { openProofSite } from './site.js'
import { look, SlotWatch, untilRetainedBelow } from './slot-watch.js'
import { writeOtherWal } from './work.js'

const mb = 1024 * 1024

export const idleTables: Scenario = {
  name: 'idle-tables',
  async run({ walMb, say }) {
    await using site = await openProofSite()
    const daemon = await site.start()
    const began = performance.now()
    let mostUnconfirmed = 0
    {
      await using watch = new SlotWatch(site.sql)
      await writeOtherWal(site.sql, walMb * mb, 5 * mb)
      mostUnconfirmed = watch.mostUnconfirmed
    }
    const perSecond = walMb / ((performance.now() - began) / 1000)
    say(`${walMb} MB of other WAL at ${perSecond.toFixed(1)} MB/s`)
    const released = await untilRetainedBelow(site.sql, 64 * mb, 60_000)
    const { retained } = await look(site.sql)
    const streams = daemon.lines.filter(({ msg }) => msg === 'streaming').length
    return [
      below(`${walMb} MB of other WAL: current − confirmed_flush, at most`, mostUnconfirmed, 64),
      within(
        'current − restart_lsn < 64 MB after the end',
        released,
        30_000,
        `, then ${(retained / mb).toFixed(1)} MB`,
      ),
      below('peak RSS of the daemon', costOf(daemon.pid ?? 0).peakRssBytes, 256),
      holds('one connection throughout', streams, streams === 1),
    ]
  },
}
