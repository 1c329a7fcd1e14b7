// The status server: /health/live, /health/ready, /metrics over plain HTTP, on loopback by default. Answers hold states and
// figures only.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log } from '../base/log.js'
import type { Metrics } from './metrics.js'
import { type DaemonState, isReady } from './state.js'

export interface StatusServerOptions {
  readonly host: string
  /** 0 takes a free one, which is logged. */
  readonly port: number
  readonly state: DaemonState
  readonly metrics: Metrics
  readonly log: Log
}

export interface StatusServer {
  readonly port: number
  close(): Promise<void>
}

/** @throws system errors of listening: EADDRINUSE, EACCES. */
export async function startStatusServer({
  host,
  port,
  state,
  metrics,
  log,
}: StatusServerOptions): Promise<StatusServer> {
  const server = createServer(async ({ method, url }, response) => {
    const path = url?.split('?')[0]
    if (method !== 'GET' && method !== 'HEAD') return answer(response, 405, { error: 'GET only' })
    if (path === '/health/live') return answer(response, 200, { live: true })
    if (path === '/health/ready') return answer(response, isReady(state) ? 200 : 503, readiness(state))
    if (path !== '/metrics') return answer(response, 404, { error: 'try /health/live, /health/ready or /metrics' })
    const { contentType, text } = await metrics.render()
    response.writeHead(200, { 'content-type': contentType }).end(text)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const bound = (server.address() as AddressInfo).port
  log.info({ host, port: bound }, 'status server listening')
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { port: bound, close }
}

const readiness = (state: DaemonState) => ({ ready: isReady(state), phase: state.phase, last_error: state.lastError })

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
