// Connection after connection until the daemon is told to stop: what a new connection mends is tried again with back-off, a gap
// is waited at until it is accepted, and what neither mends is thrown.
import { backoffMs, pause } from './base/backoff.js'
import { GapError, type GapFacts, judge, NotReadyError } from './base/errors.js'
import { steadyNow } from './base/time.js'
import { formatLsn } from './capture/lsn.js'
import { isOfPooler, poolerNamed, poolerRemedy, serverSentence } from './capture/server-words.js'
import { toldFromLastImages } from './change/last-image.js'
import { toldFromLastStates } from './change/last-state.js'
import { Resolver } from './change/resolve.js'
import { ended, graceMs, type Parts } from './daemon-parts.js'
import { noteFailedChecks } from './failed-checks.js'
import { follow } from './follow.js'
import { awaitAcceptance } from './gap-phase.js'
import type { Journal } from './journal/journal.js'
import { logUnwritable, UnwritableEnds, unwritable } from './journal/unwritable.js'
import { logOldRows } from './old-rows.js'
import { logPassing, passing, remedyMeanwhile } from './passing.js'
import type { Deliverer } from './send/deliver.js'
import { Reach } from './status/reach.js'
import { StreamEnds } from './status/standstill.js'
import type { DaemonState } from './status/state.js'

const reconnect = { firstMs: 500, maxMs: 30_000 }
/** Another daemon's walsender still has the slot: a stand-by takes over within 10 s. */
const takeOver = { firstMs: 500, maxMs: 2_000 }

/** @throws what no reconnection mends. */
export async function followForever(journal: Journal, deliverer: Deliverer, parts: Parts): Promise<void> {
  const { config, settings, state, metrics, compute, log, signal } = parts
  const resolver = new Resolver(journal.images, parts.clinical, settings.clinical.appointment)
  const { timeZone } = settings.clinical.appointment
  // A protocol may compute for as long as its limit; a daemon that stops waits no longer than for its attempts.
  const stopped = ended(signal)
  void stopped.then(() => setTimeout(() => void compute.close(), graceMs).unref())
  const ends = new StreamEnds()
  const unwritableEnds = new UnwritableEnds()
  state.standstill = () => ends.standstill
  const durable = () => {
    const checkpoint = journal.checkpoint()
    return checkpoint === null ? null : formatLsn(checkpoint.durableLsn)
  }
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    state.phase = 'connecting'
    try {
      const connection = follow({
        address: settings.address,
        slot: config.database.slot,
        publication: config.database.publication,
        failover: config.database.failover,
        tables: settings.tables,
        models: settings.followed,
        gapNotices: parts.reload.settings.gapNotices,
        journal,
        log,
        signal,
        tryResolution: () => parts.clinical.lookup([], [], 1),
        resolve: async (changes) => {
          const resolved = await resolver.resolve(toldFromLastImages(changes, journal.images, timeZone))
          return toldFromLastStates(resolved, journal.states, settings.noteStates)
        },
        compute: (changes, source) => compute.compute(changes, source),
        appended: (changes, owed) => {
          ends.reached(durable())
          for (const [endpoint, deliveries] of owed) deliverer.owe(endpoint, deliveries)
          for (const change of changes) metrics.appended(change)
          logOldRows(changes, log)
        },
        giveWay: (ms) => deliverer.giveWay(ms),
        streaming: (capture) => {
          attempt = 0
          ends.up(steadyNow())
          state.phase = 'streaming'
          state.lastError = null
          for (const endpoint of parts.reload.settings.gapNotices) deliverer.wake(endpoint)
          state.reach = new Reach(capture)
        },
        looked: (look) => state.reach?.saw(look, steadyNow()),
        sawTables: (failures) => noteFailedChecks(failures, state, log),
      })
      await Promise.race([connection, stopped.then(() => unlessStreaming(state))])
    } catch (error) {
      const verdict = judge(error)
      const gap = waitingGap(error, journal)
      if (gap !== null && !parts.haltOnGap) {
        state.reach = null
        state.lastError = verdict.code
        await awaitAcceptance(gap, journal, parts)
        attempt = 0
        continue
      }
      const remedyOfPassing = remedyMeanwhile(error, journal.checkpoint() !== null)
      if (verdict.tag === 'stop' && remedyOfPassing === null) throw poolerNamed(error)
      if (signal.aborted) return
      state.lastError = verdict.code
      state.reach = null
      metrics.reconnected(verdict.code)
      // One that comes up and ends at the same place each time is not up.
      const atSamePlace = verdict.code === '55006' ? 0 : ends.ended(verdict.code, durable(), steadyNow())
      const unwritten = unwritable(error, config.journal.url)
      const sameEnds = unwritten === null ? atSamePlace : unwritableEnds.ended(steadyNow())
      const steps = remedyOfPassing !== null ? passing : verdict.code === '55006' ? takeOver : reconnect
      const waitMs = backoffMs(Math.max(attempt, sameEnds, 1), steps)
      // pg's own errors have no code, and constant texts: no password given, no TLS at the server, no answer in time
      const isOurs = error instanceof Error && (verdict.code === 'CONNECTION' || verdict.code === 'NO_PRIMARY')
      const found = error instanceof NotReadyError ? error.found : undefined
      const reason = isOurs ? error.message : (unwritten?.reason ?? found ?? serverSentence(error) ?? undefined)
      const remedy = remedyOfPassing ?? (isOfPooler(error) ? poolerRemedy : unwritten?.remedy)
      const facts = { code: verdict.code, reason, remedy, retry_in_ms: waitMs }
      if (remedyOfPassing !== null) logPassing(facts, log)
      else if (unwritten !== null) logUnwritable(facts, log)
      else log.warn(facts, retryMessage(verdict.code, state))
      state.phase = 'connecting'
      await pause(waitMs, signal)
    }
  }
}

/** The gap that it is; or the one that waits already, where the database is not ready either: what is owed is paid meanwhile. */
function waitingGap(error: unknown, journal: Journal): GapFacts | null {
  if (error instanceof GapError) return error.facts
  const verdict = judge(error)
  return verdict.tag === 'stop' && verdict.exitStatus === 3 ? journal.openGap() : null
}

/** 55006: object in use. */
function retryMessage(code: string, state: DaemonState): string {
  if (code === '55006') return 'stand-by: another daemon streams from the slot; trying again'
  if (state.phase === 'streaming') return 'the stream ended; connecting again'
  return 'the database cannot be reached or is not ready; trying again'
}

/** While there is no stream, nothing of a connection needs to be finished before the end: it is left behind. */
const unlessStreaming = (state: DaemonState): Promise<void> =>
  state.phase === 'streaming' ? new Promise(() => undefined) : Promise.resolve()
