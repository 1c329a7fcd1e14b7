// What the daemon is doing at this moment, for readiness and metrics. Written by the daemon, read by the status server.
import type { Lsn } from '../capture/lsn.js'

export type Phase = 'starting' | 'standby' | 'connecting' | 'streaming' | 'delivering_only' | 'stopping'

export interface DaemonState {
  phase: Phase
  /** Why the last connection ended (SQLSTATE or code), null while none did. */
  lastError: string | null
  /** Asked for at each scrape; zero while nothing streams. */
  positions: () => { readonly receivedLsn: Lsn; readonly durableLsn: Lsn }
}

export const initialState = (): DaemonState => ({
  phase: 'starting',
  lastError: null,
  positions: () => ({ receivedLsn: 0n as Lsn, durableLsn: 0n as Lsn }),
})

/** Ready means streaming, or paying where only that was asked for. A stand-by is alive and not ready. */
export const isReady = (state: DaemonState): boolean => state.phase === 'streaming' || state.phase === 'delivering_only'
