// Connection after connection until the daemon is told to stop: what a new connection mends is tried again with back-off, what
// it does not mend is thrown.
import { backoffMs, pause } from './base/backoff.js'
import { judge } from './base/errors.js'
import { steadyNow } from './base/time.js'
import { appointmentModel } from './change/model.js'
import { Resolver } from './change/resolve.js'
import { ended, graceMs, type Parts } from './daemon-parts.js'
import { follow } from './follow.js'
import type { Journal } from './journal/journal.js'
import type { Deliverer } from './send/deliver.js'
import { Reach } from './status/reach.js'
import type { DaemonState } from './status/state.js'

const reconnect = { firstMs: 500, maxMs: 30_000 }
/** Another daemon's walsender still has the slot: a stand-by takes over within 10 s. */
const takeOver = { firstMs: 500, maxMs: 2_000 }

/** @throws what no reconnection mends. */
export async function followForever(journal: Journal, deliverer: Deliverer, parts: Parts): Promise<void> {
  const { config, settings, state, metrics, compute, log, signal } = parts
  const resolver = new Resolver(journal.images, parts.clinical, settings.clinical.appointment)
  // A protocol may compute for as long as its limit; a daemon that stops waits no longer than for its attempts.
  const stopped = ended(signal)
  void stopped.then(() => setTimeout(() => void compute.close(), graceMs).unref())
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    state.phase = 'connecting'
    let isOldImageMissed = false
    try {
      const connection = follow({
        address: settings.address,
        slot: config.database.slot,
        publication: config.database.publication,
        tables: settings.tables,
        models: settings.followed,
        gapNotices: settings.gapNotices,
        journal,
        log,
        signal,
        tryResolution: () => parts.clinical.lookup([], [], 1),
        resolve: (changes) => resolver.resolve(changes),
        compute: (changes, source) => compute.compute(changes, source),
        appended: (changes, owed) => {
          for (const [endpoint, deliveries] of owed) deliverer.owe(endpoint, deliveries)
          for (const change of changes) {
            const isUnseen = change.withoutOldImage && change.fieldChanges.model_name === appointmentModel
            if (isUnseen && !isOldImageMissed) {
              isOldImageMissed = true
              log.error(oldImageMissed)
            }
            metrics.appended(change)
          }
        },
        giveWay: (ms) => deliverer.giveWay(ms),
        streaming: (capture) => {
          attempt = 0
          state.phase = 'streaming'
          state.lastError = null
          for (const endpoint of settings.gapNotices) deliverer.wake(endpoint)
          state.reach = new Reach(capture)
        },
        looked: (look) => state.reach?.saw(look, steadyNow()),
      })
      await Promise.race([connection, stopped.then(() => unlessStreaming(state))])
    } catch (error) {
      const verdict = judge(error)
      if (verdict.tag === 'stop') throw error
      if (signal.aborted) return
      state.lastError = verdict.code
      state.reach = null
      metrics.reconnected(verdict.code)
      const waitMs = backoffMs(Math.max(attempt, 1), verdict.code === '55006' ? takeOver : reconnect)
      // pg's own errors have no code, and constant texts: no password given, no TLS at the server, no answer in time
      const reason = verdict.code === 'CONNECTION' && error instanceof Error ? error.message : undefined
      log.warn({ code: verdict.code, reason, retry_in_ms: waitMs }, retryMessage(verdict.code, state))
      state.phase = 'connecting'
      await pause(waitMs, signal)
    }
  }
}

/** A partition that was made while the daemon streams is not FULL, whatever its root is; preflight looked before. */
const oldImageMissed =
  'an appointment was updated without its old row, so nobody was notified of it: run `notifyd check`, it prints the SQL'

/** 55006: object in use. */
function retryMessage(code: string, state: DaemonState): string {
  if (code === '55006') return 'stand-by: another daemon streams from the slot; trying again'
  if (state.phase === 'streaming') return 'the stream ended; connecting again'
  return 'the database cannot be reached or is not ready; trying again'
}

/** While there is no stream, nothing of a connection needs to be finished before the end: it is left behind. */
const unlessStreaming = (state: DaemonState): Promise<void> =>
  state.phase === 'streaming' ? new Promise(() => undefined) : Promise.resolve()
