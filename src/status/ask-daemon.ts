// What the running daemon says of itself at /health/ready, for the command that asks.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { errorCode } from '../base/errors.js'
import type { Standstill } from './standstill.js'
import type { Phase } from './state.js'

export interface Readiness {
  readonly phase: Phase
  readonly ready: boolean
  /** Why it is not, in one sentence, where there is more to say than the phase. */
  readonly reason?: string | null
  /** The end of WAL as the stream last told it. */
  readonly received_lsn: string | null
  readonly lag_bytes: number | null
  readonly lag_seconds: number | null
  /** SQLSTATE or code of the last end of the stream. */
  readonly last_error: string | null
  /** What `check` marks ✗ while it streams; an older daemon does not say. */
  readonly failed_checks?: readonly string[]
  /** The stream ends at the same place each time; absent of an older daemon. */
  readonly standstill?: Standstill | null
}

const answerMs = 5_000

/** What is wrong, for an operator. */
export const standstillText = ({ code, lsn, times }: Standstill): string =>
  `the stream has ended ${times} times at ${lsn} with ${code}: nothing behind it is told`

/** A text: nobody answers, and why. */
export async function askDaemon(http: { readonly host: string; readonly port: number }): Promise<Readiness | string> {
  // It listens on all addresses, of which one is enough.
  const host = http.host === '0.0.0.0' || http.host === '::' ? 'localhost' : http.host
  try {
    const request = get({ host, port: http.port, path: '/health/ready', signal: AbortSignal.timeout(answerMs) })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return (await json(response)) as Readiness
  } catch (error) {
    return `nobody answers at ${host}:${http.port} (${errorCode(error) ?? 'no notifyd'})`
  }
}
