// The protocols that the config names, loaded and ready to compute: for the daemon, and for a recompute.
import { backoffMs, pause } from './base/backoff.js'
import { judge } from './base/errors.js'
import type { Log } from './base/log.js'
import type { ClinicalDatabase } from './change/clinical-database.js'
import { Compute } from './compute/compute.js'
import type { LoadedConfig } from './config.js'
import type { Settings } from './settings.js'

export interface LoadComputeOptions {
  readonly config: LoadedConfig
  readonly settings: Settings
  readonly clinical: ClinicalDatabase
  readonly log: Log
  readonly signal: AbortSignal
}

const again = { firstMs: 500, maxMs: 30_000 }

/** @throws ProtocolLoadError */
export function loadCompute({ config, settings, clinical, log, signal }: LoadComputeOptions): Promise<Compute> {
  return Compute.load({
    noteStates: settings.noteStates,
    endpoints: settings.wanted,
    files: config.protocols,
    settings: config.settings,
    timeoutMs: config.protocol_timeout_ms,
    log,
    appointments: (patientIds) => persistently(() => clinical.appointmentsOf(patientIds), log, signal),
  })
}

/** Repeats a read of the clinical database until it succeeds. @throws what no retry mends, or anything once aborted. */
async function persistently<T>(read: () => Promise<T>, log: Log, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read()
    } catch (error) {
      const verdict = judge(error)
      if (verdict.tag === 'stop' || signal.aborted) throw error
      log.warn({ code: verdict.code }, 'the clinical database did not answer a protocol; trying again')
      await pause(backoffMs(attempt, again), signal)
    }
  }
}
