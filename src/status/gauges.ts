// What is measured when a scrape asks: where the stream is, what is owed, what the journal weighs. A figure that is not known
// now (of a stream that is down, say) has no sample, rather than an old one.
import { Gauge, type Registry } from 'prom-client'
import type { Micros } from '../base/time.js'
import type { JournalFigures, JournalFiles } from '../journal/figures.js'
import type { SenderState } from '../send/health.js'
import type { EndpointLabels } from './endpoint-labels.js'
import { type DaemonState, distance, isReady, phases } from './state.js'

export interface GaugeSources {
  readonly version: string
  readonly state: DaemonState
  /** Null: the journal is another daemon's. */
  readonly journal: () => JournalFigures | null
  /** Null: there is none. */
  readonly files: () => Promise<JournalFiles | null>
}

/** Registers them; gives what measures. */
export function addGauges(registry: Registry, sources: GaugeSources, labels: EndpointLabels): () => Promise<void> {
  const measures = [ofStream(registry), ofJournal(registry, labels), ofSenders(registry, labels), ofFiles(registry)]
  const build = gauge(registry, 'notifyd_build_info', 'Which notifyd this is', ['version'])
  build.set({ version: sources.version }, 1)
  return async () => {
    const { state } = sources
    const measured: Measured = {
      state,
      journal: sources.journal(),
      senders: state.senders(),
      files: await sources.files(),
      nowMs: Date.now(),
    }
    for (const measure of measures) measure(measured)
  }
}

interface Measured {
  readonly state: DaemonState
  readonly journal: JournalFigures | null
  readonly senders: ReadonlyMap<string, SenderState>
  readonly files: JournalFiles | null
  readonly nowMs: number
}

type Measure = (measured: Measured) => void

function ofStream(registry: Registry): Measure {
  const streaming = gauge(registry, 'notifyd_streaming', '1 while the replication stream is up')
  const ready = gauge(registry, 'notifyd_ready', '1 while /health/ready says so')
  const phase = gauge(registry, 'notifyd_phase', '1 for what the daemon is doing', ['phase'])
  const lagBytes = gauge(
    registry,
    'notifyd_wal_lag_bytes',
    'WAL between the journal and the end of WAL, seen every 10 s',
  )
  const lag = gauge(registry, 'notifyd_wal_lag_seconds', 'How long ago the end of WAL was where the journal is')
  const retained = gauge(registry, 'notifyd_slot_retained_wal_bytes', 'WAL that the server keeps for the slot')
  const safe = gauge(registry, 'notifyd_slot_safe_wal_bytes', 'WAL until the slot is lost; none: there is no limit')
  const failed = gauge(
    registry,
    'notifyd_failed_checks',
    'What notifyd check marks as missing, seen every 10 s while it streams',
  )
  const sameEnds = gauge(
    registry,
    'notifyd_stream_standstill_ends',
    'Ends of the stream in a row with one code and nothing journaled between them; 0: it goes on',
  )
  return ({ state }) => {
    setIfKnown(failed, state.phase === 'streaming' ? state.failedChecks.length : null)
    sameEnds.set(state.standstill()?.times ?? 0)
    const { lagBytes: bytes, lagMs } = distance(state)
    const look = state.reach?.look ?? state.gap?.look ?? null
    streaming.set(state.phase === 'streaming' ? 1 : 0)
    ready.set(isReady(state) ? 1 : 0)
    for (const one of phases) phase.set({ phase: one }, one === state.phase ? 1 : 0)
    setIfKnown(lagBytes, bytes)
    setIfKnown(lag, lagMs === null ? null : lagMs / 1000)
    setIfKnown(retained, look?.retainedBytes ?? null)
    setIfKnown(safe, look?.safeBytes ?? null)
  }
}

function ofJournal(registry: Registry, labels: EndpointLabels): Measure {
  const owed = gauge(registry, 'notifyd_owed_deliveries', 'Deliveries not yet made', ['endpoint'])
  const dead = gauge(registry, 'notifyd_dead_deliveries', 'Dead letters that wait for a decision', ['endpoint'])
  const age = gauge(registry, 'notifyd_oldest_owed_age_seconds', 'Since the commit of the first one owed', ['endpoint'])
  const waiting = gauge(registry, 'notifyd_waiting_lanes', 'Lanes that wait for a retry', ['endpoint'])
  const gaps = gauge(registry, 'notifyd_gaps', 'Gaps: found, accepted, and gone on behind', ['state'])
  const rowGaps = gauge(registry, 'notifyd_row_gaps', 'Appointments whose update could not be told, not yet accepted')
  const lastCommit = gauge(registry, 'notifyd_last_commit_timestamp_seconds', 'Of the last transaction in the journal')
  return ({ journal, nowMs }) => {
    for (const each of [owed, dead, age, waiting, gaps]) each.reset()
    const at = journal?.lastCommittedAt ?? null
    setIfKnown(lastCommit, at === null ? null : at / 1e6)
    setIfKnown(rowGaps, journal?.rowGaps ?? null)
    if (journal === null) return
    for (const state of ['found', 'accepted', 'resumed'] as const) gaps.set({ state }, journal.gaps[state])
    for (const endpoint of labels.configured) for (const each of [owed, dead, waiting]) each.set({ endpoint }, 0)
    const oldest = new Map<string, Micros>()
    for (const figures of journal.endpoints) {
      const endpoint = labels.of(figures.endpoint)
      owed.inc({ endpoint }, figures.owed)
      dead.inc({ endpoint }, figures.dead)
      waiting.inc({ endpoint }, figures.waitingLanes)
      const { oldestOwedAt } = figures
      if (oldestOwedAt !== null) oldest.set(endpoint, Math.min(oldestOwedAt, oldest.get(endpoint) ?? oldestOwedAt))
    }
    for (const [endpoint, committedAt] of oldest) age.set({ endpoint }, Math.max(0, nowMs / 1000 - committedAt / 1e6))
  }
}

function ofSenders(registry: Registry, labels: EndpointLabels): Measure {
  const lanes = gauge(registry, 'notifyd_lanes', 'Lanes in memory: being sent, or about to be', ['endpoint'])
  const open = gauge(registry, 'notifyd_open_requests', 'Requests that are open now', ['endpoint'])
  const probing = gauge(registry, 'notifyd_endpoint_probing', '1 while it fails and is probed', ['endpoint'])
  return ({ senders }) => {
    for (const each of [lanes, open, probing]) each.reset()
    for (const [name, state] of senders) {
      const endpoint = labels.of(name)
      lanes.inc({ endpoint }, state.lanes)
      open.inc({ endpoint }, state.inFlight)
      probing.inc({ endpoint }, state.isProbing ? 1 : 0)
    }
  }
}

function ofFiles(registry: Registry): Measure {
  const bytes = gauge(registry, 'notifyd_journal_bytes', 'Size of the journal on the disk', ['file'])
  const free = gauge(registry, 'notifyd_journal_free_bytes', 'Free on the disk of the journal')
  return ({ files }) => {
    bytes.reset()
    if (files !== null) bytes.set({ file: 'main' }, files.mainBytes)
    if (files !== null) bytes.set({ file: 'wal' }, files.walBytes)
    setIfKnown(free, files?.freeBytes ?? null)
  }
}

function gauge<L extends string = never>(registry: Registry, name: string, help: string, labelNames: L[] = []) {
  return new Gauge<L>({ name, help, labelNames, registers: [registry] })
}

/** `reset` would leave a 0. */
function setIfKnown(of: Gauge<never>, value: number | null): void {
  if (value === null) of.remove()
  else of.set(value)
}
