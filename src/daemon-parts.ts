// What the parts of a running daemon share: how it was asked to run, and what was made at its start. No code but the wait
// for its end.
import type { Log } from './base/log.js'
import type { ClinicalDatabase } from './change/clinical-database.js'
import type { Compute } from './compute/compute.js'
import type { LoadedConfig } from './config.js'
import type { Hangups } from './hangups.js'
import type { Reload } from './reload.js'
import type { Settings } from './settings.js'
import type { Metrics } from './status/metrics.js'
import type { DaemonState } from './status/state.js'

export interface DaemonOptions {
  readonly config: LoadedConfig
  /** Pays what is owed without reading the slot. */
  readonly deliverOnly: boolean
  /** Ends with the GapError instead of waiting for an operator's word. */
  readonly haltOnGap: boolean
  readonly version: string
  readonly log: Log
  /** SIGTERM or SIGINT. */
  readonly signal: AbortSignal
  /** SIGHUP. */
  readonly hangups: Hangups
}

export interface Parts extends DaemonOptions {
  readonly settings: Settings
  readonly reload: Reload
  readonly state: DaemonState
  readonly metrics: Metrics
  readonly clinical: ClinicalDatabase
  readonly compute: Compute
}

/** How long attempts in flight, and a protocol that computes, may take once the daemon was told to stop. */
export const graceMs = 10_000

/** Resolves when `signal` is aborted. */
export const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
