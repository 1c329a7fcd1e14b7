// A publication that was just dropped: the daemon may not acknowledge what it cannot know to be whole, and the server stops.
import { setTimeout as sleep } from 'node:timers/promises'
import { holds, type Scenario } from './scenario.js'
import { openProofSite } from './site.js'
import { attached, stopFast, stopsInTime } from './stopping.js'
import { commitChanges } from './work.js'

/** How long after the publication was dropped the server is stopped; the watch looks every 10 s. */
const afterMs = [0, 500, 5_000]

export const publicationDroppedStop: Scenario = {
  name: 'stop-publication-dropped',
  async run({ say }) {
    const times: number[] = []
    const ends: string[] = []
    for (const ms of afterMs) {
      await using site = await openProofSite()
      const daemon = await site.start()
      await commitChanges(site.sql, { changes: 100, rate: 500 })
      await attached(site)
      await site.sql.query('CHECKPOINT')
      const working = commitChanges(site.sql, { changes: 100_000, rate: 500 }).catch(() => undefined)
      await sleep(500)
      await site.sql.query('DROP PUBLICATION notifyd')
      await sleep(ms)
      times.push(await stopFast(site))
      await working
      await site.postgres.start()
      const { status } = await Promise.race([daemon.exited, sleep(60_000, { status: null })])
      ends.push(String(status))
      say(`${ms} ms after it was dropped: ${times.at(-1)?.toFixed(0)} ms, the daemon ended with ${status}`)
    }
    const halted = ends.every((status) => status === '3' || status === '4')
    return [
      stopsInTime('a publication just dropped', times),
      holds('the daemon halts (3 or 4), and never goes on silently', ends.join(', '), halted),
    ]
  },
}
