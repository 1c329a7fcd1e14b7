// The status server: /health/live, /health/ready, /metrics over plain HTTP, on loopback by default. Answers hold states and
// figures only.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { errorCode } from '../base/errors.js'
import type { Log } from '../base/log.js'
import { formatLsn } from '../capture/lsn.js'
import { bound, type StatusLimits, serverOptions, statusLimits } from './bounded.js'
import type { Metrics } from './metrics.js'
import { type DaemonState, distance, isReady, reasonOf } from './state.js'

export interface StatusServerOptions {
  readonly host: string
  /** 0 takes a free one, which is logged. */
  readonly port: number
  readonly state: DaemonState
  readonly metrics: Metrics
  readonly log: Log
  /** Default: `statusLimits`. */
  readonly limits?: StatusLimits
}

export interface StatusServer {
  close(): Promise<void>
}

const retryMs = 5_000

/**
 * Serves until closed. Where it cannot listen (a stand-by on the same host finds the port taken) it says so and tries
 * again: notifications do not wait for it.
 */
export function keepStatusServer(options: StatusServerOptions): StatusServer {
  const { host, port, log, limits = statusLimits } = options
  const server = createServer(serverOptions(limits), (request, response) => {
    serve(options, request, response).catch((error: unknown) => {
      log.error({ code: errorCode(error) }, 'the status server could not answer')
      if (!response.headersSent) answer(response, 500, { error: 'see the log' })
    })
  })
  bound(server, limits)
  let retry: NodeJS.Timeout | null = null
  let hasComplained = false
  server.on('error', (error) => {
    if (!hasComplained) log.warn({ host, port, code: errorCode(error) }, 'status server cannot listen; trying again')
    hasComplained = true
    retry = setTimeout(() => server.listen(port, host), retryMs)
  })
  server.on('listening', () => {
    const address = server.address()
    const bound = typeof address === 'object' && address !== null ? address.port : port
    log.info({ host, port: bound }, 'status server listening')
  })
  server.listen(port, host)
  return {
    close: () =>
      new Promise<void>((resolve) => {
        if (retry !== null) clearTimeout(retry)
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function serve({ state, metrics }: StatusServerOptions, request: IncomingMessage, response: ServerResponse) {
  const path = request.url?.split('?')[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, { error: 'GET only' })
  if (path === '/health/live') return answer(response, 200, { live: true })
  if (path === '/health/ready') return answer(response, isReady(state) ? 200 : 503, readiness(state))
  if (path !== '/metrics') return answer(response, 404, { error: 'try /health/live, /health/ready or /metrics' })
  const { contentType, text } = await metrics.render()
  response.writeHead(200, { 'content-type': contentType }).end(text)
}

/** Nulls: not known, because nothing streams. */
function readiness(state: DaemonState) {
  const { lagBytes: lag_bytes, lagMs } = distance(state)
  const lag_seconds = lagMs === null ? null : lagMs / 1000
  const received_lsn = state.reach === null ? null : formatLsn(state.reach.receivedLsn)
  const { phase, lastError: last_error } = state
  const failed_checks = state.failedChecks.map(({ found }) => found)
  const standstill = state.standstill()
  return {
    ready: isReady(state),
    phase,
    reason: reasonOf(state),
    last_error,
    failed_checks,
    standstill,
    received_lsn,
    lag_bytes,
    lag_seconds,
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
