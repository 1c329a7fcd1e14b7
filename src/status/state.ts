// What the daemon is doing at this moment, for readiness and metrics. Written by the daemon, read by the status server.
import type { GapFacts } from '../base/errors.js'
import { steadyNow } from '../base/time.js'
import type { Finding } from '../capture/finding.js'
import type { WalLook } from '../capture/wal-look.js'
import type { SenderState } from '../send/health.js'
import { type Distance, type Reach, unknownDistance } from './reach.js'
import type { Standstill } from './standstill.js'

/** `gap`: the stream stands still until an operator accepts what is missing; what is owed is paid. */
export const phases = ['starting', 'standby', 'connecting', 'streaming', 'gap', 'delivering_only', 'stopping'] as const

export type Phase = (typeof phases)[number]

export interface DaemonState {
  phase: Phase
  /** Why the last connection ended (SQLSTATE or code), null while none did. */
  lastError: string | null
  /** Null while the stream goes on. */
  standstill: () => Standstill | null
  /** Of the stream that is up; null while none is. */
  reach: Reach | null
  /** What `check` would mark ✗ of the followed tables and their publication, as the watch saw it last while streaming. */
  failedChecks: readonly Finding[]
  /** That halts the stream, and what the server keeps for the slot meanwhile; null while none does. */
  gap: { readonly facts: GapFacts; readonly look: WalLook | null } | null
  /** By endpoint, of those that something was owed to since the start. */
  senders: () => ReadonlyMap<string, SenderState>
}

export const initialState = (): DaemonState => ({
  phase: 'starting',
  lastError: null,
  standstill: () => null,
  reach: null,
  failedChecks: [],
  gap: null,
  senders: () => new Map(),
})

/** How far the stream is behind the server; unknown while nothing streams. */
export const distance = ({ phase, reach }: DaemonState): Distance =>
  phase === 'streaming' && reach !== null ? reach.distance(steadyNow()) : unknownDistance

/**
 * Ready means that what is committed now is seen now: streaming, and the server's end of WAL is being reached; or paying,
 * where only that was asked for. A stand-by is alive and not ready, nor is one that streams from tables whose old rows, or
 * whose application's writes, are about to be lost, nor one whose stream breaks at the same place each time.
 */
export const isReady = (state: DaemonState): boolean => {
  if (state.phase === 'delivering_only') return true
  return distance(state).isReached && state.failedChecks.length === 0 && state.standstill() === null
}

/** In one sentence, where there is more to say than the phase. */
export const reasonOf = ({ gap }: DaemonState): string | null =>
  gap === null ? null : `a gap: ${gap.facts.reason}; see \`notifyd gaps list\``
