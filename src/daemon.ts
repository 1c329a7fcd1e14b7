// The life of the process: one owner of the journal, its parts started in the order of need and stopped in the other one.
// Everything ends through one AbortSignal.
import { announce } from './announce.js'
import { answerRequests } from './answer-requests.js'
import { type DaemonOptions, ended, graceMs, type Parts } from './daemon-parts.js'
import { followForever } from './follow-forever.js'
import { journalFiles } from './journal/figures.js'
import { Journal } from './journal/journal.js'
import { JournalLock } from './journal/lock.js'
import { keepJournal } from './keep-journal.js'
import { loadCompute } from './load-compute.js'
import { openClinical } from './open-clinical.js'
import { Reload } from './reload.js'
import { ReplayRunner } from './replay.js'
import { Deliverer } from './send/deliver.js'
import { readSettings } from './settings.js'
import { Metrics } from './status/metrics.js'
import { keepStatusServer } from './status/server.js'
import { initialState } from './status/state.js'

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
      const opened = await Journal.open(config.journal.url)
      journal = opened
      const parts = { ...options, settings, reload, state, metrics, clinical, compute }
      await keepJournal(opened, parts, (untilLost) => own(opened, { ...parts, signal: untilLost }))
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

/** With the journal ours: pays, and follows unless only paying was asked for. */
async function own(journal: Journal, parts: Parts): Promise<void> {
  const { config, log, metrics, settings, state, signal } = parts
  const deliverer = new Deliverer({
    journal,
    endpoints: parts.reload.settings.endpoints,
    policy: settings.urlPolicy,
    userAgent: `notifyd/${parts.version}`,
    log,
    settled: (delivery, attempt, outcome) => metrics.settled(delivery, attempt, outcome),
  })
  parts.reload.taken = ({ endpoints, wanted }) => {
    metrics.configure(endpoints.map(({ name }) => name))
    deliverer.replace(endpoints)
    parts.compute.serve(wanted)
  }
  // It may have been read again while this one stood by.
  parts.reload.taken(parts.reload.settings)
  state.senders = () => deliverer.state()
  const replays = new ReplayRunner({ journal, deliverer, log, signal })
  announce(settings, config.protocols.length > 0, log)
  deliverer.start()
  replays.wake()
  try {
    using _requests = answerRequests(journal, deliverer, replays, parts)
    if (parts.deliverOnly) {
      state.phase = 'delivering_only'
      log.info('paying what is owed; the slot is not read')
      await ended(signal)
    } else await followForever(journal, deliverer, parts)
  } finally {
    state.phase = 'stopping'
    await deliverer.stop(graceMs)
    await replays.ended()
  }
}
