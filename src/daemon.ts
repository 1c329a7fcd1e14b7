// The life of the process: one owner of the journal, its parts started in the order of need and stopped in the other one,
// and a connection made again whenever it ends. Everything ends through one AbortSignal.
import { announce } from './announce.js'
import { backoffMs, pause } from './base/backoff.js'
import { errorCode, judge } from './base/errors.js'
import type { Log } from './base/log.js'
import { steadyNow } from './base/time.js'
import type { ClinicalDatabase } from './change/clinical-database.js'
import { appointmentModel } from './change/model.js'
import { Resolver } from './change/resolve.js'
import type { Compute } from './compute/compute.js'
import type { LoadedConfig } from './config.js'
import { follow } from './follow.js'
import type { Hangups } from './hangups.js'
import { carryOut } from './journal/carry-out.js'
import { journalFiles } from './journal/figures.js'
import { Journal } from './journal/journal.js'
import { JournalLock } from './journal/lock.js'
import { loadCompute } from './load-compute.js'
import { openClinical } from './open-clinical.js'
import { Reload } from './reload.js'
import { ReplayRunner } from './replay.js'
import { Deliverer } from './send/deliver.js'
import { readSettings, type Settings } from './settings.js'
import { Metrics } from './status/metrics.js'
import { Reach } from './status/reach.js'
import { keepStatusServer } from './status/server.js'
import { type DaemonState, initialState } from './status/state.js'

export interface DaemonOptions {
  readonly config: LoadedConfig
  /** Pays what is owed without reading the slot. */
  readonly deliverOnly: boolean
  readonly version: string
  readonly log: Log
  /** SIGTERM or SIGINT. */
  readonly signal: AbortSignal
  /** SIGHUP. */
  readonly hangups: Hangups
}

/** How long attempts in flight, and a protocol that computes, may take once the daemon was told to stop. */
const graceMs = 10_000
const reconnect = { firstMs: 500, maxMs: 30_000 }
/** Another daemon's walsender still has the slot: a stand-by takes over within 10 s. */
const takeOver = { firstMs: 500, maxMs: 2_000 }
const pruneEveryMs = 3_600_000
const lookForRequestsMs = 500

/** Resolves when `signal` ended it. @throws what `judge` says no retry mends. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { config, log, signal } = options
  const settings = await readSettings(config)
  const reload = new Reload({ config, settings }, log)
  options.hangups.listen(() => void reload.read())
  const state = initialState()
  let journal: Journal | null = null
  const metrics = new Metrics({
    version: options.version,
    endpoints: settings.endpoints.map(({ name }) => name),
    models: [...settings.followed.values()].map(({ name }) => name),
    state,
    journal: () => journal?.figures() ?? null,
    files: () => journalFiles(config.journal.url),
  })
  const clinical = openClinical(settings, log)
  const compute = await loadCompute({ config, settings, clinical, log, signal })
  const status = config.http === false ? null : keepStatusServer({ ...config.http, state, metrics, log })
  try {
    const waiting = () => {
      state.phase = 'standby'
      log.info({ journal: config.journal.url }, 'stand-by: another daemon owns the journal')
    }
    const lock = await JournalLock.take(config.journal.url, waiting, signal)
    if (lock === null) return
    try {
      journal = await Journal.open(config.journal.url)
      await own(journal, { ...options, settings, reload, state, metrics, clinical, compute })
    } finally {
      state.phase = 'stopping'
      journal?.close()
      journal = null
      lock.release()
    }
  } finally {
    await compute.close()
    await clinical.close()
    await status?.close()
  }
}

interface Parts extends DaemonOptions {
  readonly settings: Settings
  readonly reload: Reload
  readonly state: DaemonState
  readonly metrics: Metrics
  readonly clinical: ClinicalDatabase
  readonly compute: Compute
}

/** With the journal ours: pays, and follows unless only paying was asked for. */
async function own(journal: Journal, parts: Parts): Promise<void> {
  const { config, log, metrics, settings, state, signal } = parts
  const deliverer = new Deliverer({
    journal,
    endpoints: parts.reload.endpoints,
    policy: settings.urlPolicy,
    userAgent: `notifyd/${parts.version}`,
    log,
    settled: (delivery, attempt, outcome) => metrics.settled(delivery, attempt, outcome),
  })
  parts.reload.taken = (endpoints) => deliverer.replace(endpoints)
  state.senders = () => deliverer.state()
  const prune = setInterval(() => {
    const { retention_days, audit_days } = config.journal
    journal.prune(daysAgo(retention_days), daysAgo(audit_days), signal).then(
      (changes) => log.debug({ changes }, 'journal pruned'),
      (error: unknown) =>
        log.error({ code: errorCode(error) }, 'the journal could not be pruned; trying again in an hour'),
    )
  }, pruneEveryMs)
  const replays = new ReplayRunner({ journal, deliverer, log, signal })
  const requests = setInterval(() => {
    answerRequests(journal, deliverer, replays, parts).catch((error: unknown) => {
      log.error({ code: errorCode(error) }, 'a request could not be carried out; trying again')
    })
  }, lookForRequestsMs)
  announce(settings, config.protocols.length > 0, log)
  await journal.endWaitsOfTheFuture(Date.now())
  deliverer.start()
  replays.wake()
  try {
    if (parts.deliverOnly) {
      state.phase = 'delivering_only'
      log.info('paying what is owed; the slot is not read')
      await ended(signal)
    } else await followForever(journal, deliverer, parts)
  } finally {
    clearInterval(prune)
    clearInterval(requests)
    state.phase = 'stopping'
    await deliverer.stop(graceMs)
    await replays.ended()
  }
}

/** What commands ask of the daemon (spec section 8). */
async function answerRequests(
  journal: Journal,
  deliverer: Deliverer,
  replays: ReplayRunner,
  { settings, log }: Parts,
): Promise<void> {
  if (!journal.requests.hasNews()) return
  const configured = new Set(settings.endpoints.map(({ name }) => name))
  for (const request of journal.requests.open()) {
    const { answer, owedAgain } = await carryOut(journal, request, configured)
    await journal.requests.answer(request.id, answer)
    log.info({ request: request.kind, ...answer }, 'request carried out')
    for (const endpoint of owedAgain) deliverer.rewind(endpoint)
    replays.wake()
  }
}

/** @throws what no reconnection mends. */
async function followForever(journal: Journal, deliverer: Deliverer, parts: Parts): Promise<void> {
  const { config, settings, state, metrics, compute, log, signal } = parts
  const resolver = new Resolver(journal, parts.clinical)
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
        tryResolution: () => parts.clinical.lookup([], []),
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

const daysAgo = (days: number): number => Date.now() - days * 86_400_000

/** 55006: object in use. */
function retryMessage(code: string, state: DaemonState): string {
  if (code === '55006') return 'stand-by: another daemon streams from the slot; trying again'
  if (state.phase === 'streaming') return 'the stream ended; connecting again'
  return 'the database cannot be reached or is not ready; trying again'
}

/** While there is no stream, nothing of a connection needs to be finished before the end: it is left behind. */
const unlessStreaming = (state: DaemonState): Promise<void> =>
  state.phase === 'streaming' ? new Promise(() => undefined) : Promise.resolve()

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
