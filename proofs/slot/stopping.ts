// A fast shutdown under measurement. SIGINT to the postmaster is what `pg_ctl stop -m fast` sends; it lets the walsender wait
// until its client has confirmed everything, which is what hangs where the client does not behave.
import { setTimeout as sleep } from 'node:timers/promises'
import type { DaemonProcess } from '../../testbed/daemon.js'
import { type Check, within } from './scenario.js'
import type { ProofSite } from './site.js'
import { look } from './slot-watch.js'

const limitMs = 5_000
const patienceMs = 60_000

/** How long the server takes to stop, in ms. What it would have to write to its disk anyway is written before. */
export async function stopFast(site: ProofSite): Promise<number> {
  const began = performance.now()
  const stopped = site.postgres.stop('fast').then(() => true)
  const isStopped = await Promise.race([stopped, sleep(patienceMs, false)])
  if (!isStopped) await site.postgres.stop('immediate')
  await stopped
  return performance.now() - began
}

/** The walsender that has the slot, waited for. */
export async function attached(site: ProofSite, forMs = 30_000): Promise<number | null> {
  const began = performance.now()
  while (performance.now() - began < forMs) {
    const { activePid } = await look(site.sql)
    if (activePid !== null) return activePid
    await sleep(20)
  }
  return null
}

export const stopsInTime = (what: string, times: readonly number[]): Check =>
  within(`fast stop, ${what}`, Math.max(...times), limitMs, times.length > 1 ? ` (the longest of ${times.length})` : '')

/** Starts the server again; whether the daemon streams again. */
export async function streamsAgain(site: ProofSite, daemon: DaemonProcess, forMs = 60_000): Promise<boolean> {
  const seen = daemon.lines.length
  await site.postgres.start()
  return daemon.line('streaming', forMs, seen).then(
    () => true,
    () => false,
  )
}
