// An outcome in, and in the journal it is. Where the journal cannot be written (a full disk) it is tried again, and the lane
// stands still meanwhile: the POST is not repeated. One that is damaged or gone takes nothing any more, and ends the daemon.
import { backoffMs, pause } from '../base/backoff.js'
import { errorCode, JournalError } from '../base/errors.js'
import type { Log } from '../base/log.js'
import type { DeliveryJournal, Settlement } from '../journal/delivery.js'

/** False only when `signal` ends the trying, or the journal is lost: after the next start the POST is made again, under its id. */
export async function settleDurably(
  journal: Pick<DeliveryJournal, 'settle'>,
  settlement: Settlement,
  endpoint: string,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await journal.settle([settlement])
      return true
    } catch (error) {
      if (error instanceof JournalError) return false
      log.error({ endpoint, code: errorCode(error) }, 'the journal could not take an outcome; trying again')
      if (signal.aborted) return false
      await pause(backoffMs(attempt, { firstMs: 500, maxMs: 10_000 }), signal)
    }
  }
}
