// The server is stopped while the daemon follows it: at rest, and in the midst of work.
import { setTimeout as sleep } from 'node:timers/promises'
import { holds, type Scenario } from './scenario.js'
import { openProofSite } from './site.js'
import { attached, stopFast, stopsInTime, streamsAgain } from './stopping.js'
import { commitChanges } from './work.js'

export const plainStop: Scenario = {
  name: 'stop-plain',
  async run({ say }) {
    await using site = await openProofSite()
    const daemon = await site.start()
    const atRest: number[] = []
    const atWork: number[] = []
    let returned = 0
    for (let round = 0; round < 3; round += 1) {
      await attached(site)
      await sleep(round * 1_000)
      await site.sql.query('CHECKPOINT')
      atRest.push(await stopFast(site))
      if (await streamsAgain(site, daemon)) returned += 1
      await attached(site)
      await site.sql.query('CHECKPOINT')
      const working = commitChanges(site.sql, { changes: 100_000, rate: 500 }).catch(() => undefined)
      await sleep(1_500)
      atWork.push(await stopFast(site))
      await working
      if (await streamsAgain(site, daemon)) returned += 1
      say(`round ${round + 1} of 3`)
    }
    return [
      stopsInTime('at rest', atRest),
      stopsInTime('at 500 changes/s', atWork),
      holds('the daemon streams again', `${returned} of 6`, returned === 6),
    ]
  },
}
