// Every endpoint is down for the whole run while the clinic goes on working: the slot and the daemon's memory stay small.
import { costOf } from '../../bench/process.js'
import { below, holds, type Scenario, within } from './scenario.js'
import { openProofSite, takeDown } from './site.js'
import { look, SlotWatch, untilRetainedBelow } from './slot-watch.js'
import { commitChanges } from './work.js'

export const outage: Scenario = {
  name: 'outage',
  async run({ changes, rate, say }) {
    await using site = await openProofSite()
    await takeDown(site.receivers)
    const daemon = await site.start()
    const began = performance.now()
    let committed = 0
    let mostUnconfirmed = 0
    {
      await using watch = new SlotWatch(site.sql)
      committed = await commitChanges(site.sql, { changes, rate })
      mostUnconfirmed = watch.mostUnconfirmed
    }
    const seconds = (performance.now() - began) / 1000
    const { unconfirmed } = await look(site.sql)
    say(`${committed} changes in ${seconds.toFixed(0)} s`)
    const released = await untilRetainedBelow(site.sql, 64 * 1024 * 1024, 60_000)
    const { retained } = await look(site.sql)
    const delivered = site.receivers.reduce((sum, receiver) => sum + receiver.delivered.length, 0)
    const streams = daemon.lines.filter(({ msg }) => msg === 'streaming').length
    return [
      holds(
        `${changes} changes commit, none can be delivered`,
        `${committed} in ${seconds.toFixed(0)} s`,
        delivered === 0,
      ),
      below('current − confirmed_flush, at most', Math.max(mostUnconfirmed, unconfirmed), 64),
      within('current − restart_lsn < 64 MB after the end', released, 30_000, `, then ${mbOf(retained)}`),
      below('peak RSS of the daemon', costOf(daemon.pid ?? 0).peakRssBytes, 256),
      holds('one connection throughout', streams, streams === 1),
    ]
  },
}

const mbOf = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`
