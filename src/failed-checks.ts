// Preconditions that the watch finds missing while the daemon streams: said in the log when one appears and when it is mended,
// and kept for readiness and metrics. Owns that it is said before rows are lost: a partition without FULL is made ahead of time.
import type { Log } from './base/log.js'
import type { Finding } from './capture/finding.js'
import type { DaemonState } from './status/state.js'

/** @param found all that fail now */
export function noteFailedChecks(found: readonly Finding[], state: DaemonState, log: Log): void {
  const known = new Set(state.failedChecks.map((check) => check.found))
  for (const { found: what, remedy } of found) {
    if (!known.has(what)) log.warn({ found: what, remedy }, 'not ready: `notifyd check` fails')
    known.delete(what)
  }
  for (const what of known) log.info({ found: what }, 'what was missing is there again')
  state.failedChecks = found
}
