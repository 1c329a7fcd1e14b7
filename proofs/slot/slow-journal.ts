// A journal on a disk that needs a second for each commit, and a server that waits five: the connection stays up.
import { setTimeout as sleep } from 'node:timers/promises'
import { holds, type Scenario, within } from './scenario.js'
import { openProofSite, slot } from './site.js'
import { look } from './slot-watch.js'
import { commitChanges } from './work.js'

const forMs = 60_000
const changes = 6_000

export const slowJournal: Scenario = {
  name: 'slow-journal',
  async run({ say }) {
    await using site = await openProofSite({ settings: { wal_sender_timeout: '5s' } })
    const daemon = await site.start({ NOTIFYD_FAILPOINT: 'commit:1000ms' })
    const { activePid: first } = await look(site.sql)
    const began = performance.now()
    const working = commitChanges(site.sql, { changes, rate: 200 })
    let longest = 0
    while (performance.now() - began < forMs) {
      // How long the server has not heard of the daemon: what it compares with wal_sender_timeout.
      const { rows } = await site.sql.query<{ ms: string | null }>(
        `SELECT extract(epoch FROM clock_timestamp() - reply_time) * 1000 AS ms FROM pg_stat_replication
          WHERE pid = (SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1)`,
        [slot],
      )
      longest = Math.max(longest, Number(rows[0]?.ms ?? 0))
      await sleep(100)
    }
    await working
    const { activePid: last } = await look(site.sql)
    const [receiver] = site.receivers
    say(`${receiver?.delivered.length} of ${changes} delivered meanwhile`)
    const streams = daemon.lines.filter(({ msg }) => msg === 'streaming').length
    const same = first !== null && first === last
    return [
      holds('one connection for 60 s', `${streams}, walsender ${same ? 'the same' : 'another'}`, streams === 1 && same),
      within('the server hears of the daemon', longest, 5_000),
      holds('and it works on', `${receiver?.delivered.length} delivered`, (receiver?.delivered.length ?? 0) > 0),
    ]
  },
}
