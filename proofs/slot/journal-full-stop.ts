// The journal's disk is full: the daemon cannot acknowledge, so it must not stay attached and keep the server from stopping.
import { setTimeout as sleep } from 'node:timers/promises'
import { openJournalDisk } from './journal-disk.js'
import { holds, type Scenario } from './scenario.js'
import { openProofSite } from './site.js'
import { look } from './slot-watch.js'
import { attached, stopFast, stopsInTime, streamsAgain } from './stopping.js'
import { changesOfABooking, commitChanges } from './work.js'

/** How long after the disk became full the server is stopped: not yet noticed, just noticed, trying again. */
const afterMs = [0, 100, 400, 1_500, 4_000]

export const journalFullStop: Scenario = {
  name: 'stop-journal-full',
  async run({ say }) {
    await using disk = await openJournalDisk(say)
    await using site = await openProofSite({ journal: disk.journal })
    const daemon = await site.start()
    const times: number[] = []
    let sawAttached = 0
    let returned = 0
    for (const ms of afterMs) {
      await attached(site)
      await site.sql.query('CHECKPOINT')
      const working = commitChanges(site.sql, { changes: 100_000, rate: 500 }).catch(() => undefined)
      await sleep(300)
      await disk.fill(daemon)
      await sleep(ms)
      if ((await look(site.sql)).activePid !== null) sawAttached += 1
      times.push(await stopFast(site))
      await working
      await disk.free(daemon)
      if (await streamsAgain(site, daemon)) returned += 1
      say(`${ms} ms after the disk was full: ${times.at(-1)?.toFixed(0)} ms`)
    }
    const failures = daemon.lines.filter(({ code }) => code === 'ENOSPC' || code === 'EIO').length
    const { rows } = await site.sql.query<{ n: string }>('SELECT count(*) AS n FROM note_state_change_event')
    const due = Number(rows[0]?.n) * changesOfABooking
    const [receiver] = site.receivers
    const seen = () => new Set(receiver?.delivered.map(({ webhookId }) => webhookId)).size
    await receiver?.until(() => seen() >= due, 60_000).catch(() => undefined)
    return [
      stopsInTime(`the journal's disk full (${disk.how})`, times),
      holds(
        'it was full, and the daemon attached, at some of the stops',
        `${sawAttached} of ${times.length}, ${failures} failed writes`,
        sawAttached > 0,
      ),
      holds('the daemon streams again', `${returned} of ${times.length}`, returned === times.length),
      holds('nothing is missing afterwards', `${seen()} of ≥ ${due}`, seen() >= due),
    ]
  },
}
