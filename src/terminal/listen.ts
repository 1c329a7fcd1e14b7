// `notifyd listen`: a receiver to try things against. It verifies what comes, prints a line for each POST, and answers as it is
// told. Loopback unless another address is asked for: it speaks plain HTTP.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jsonText } from './printable.js'
import { receive, receivedLine, Taken } from './received.js'

export interface ListenOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  readonly secrets: readonly string[]
  /** What those that are signed are answered with; null: 204. */
  readonly refuse: number | null
  /** Only the first so many are refused; null: all. */
  readonly times: number | null
  readonly showPayloads: boolean
  readonly json: boolean
  readonly write: (text: string) => void
  /** Called with the URL when it listens. */
  readonly listening: (url: string) => void
  readonly signal: AbortSignal
}

const maxBytes = 1024 * 1024

/** Resolves when `signal` ended it. @throws what listening throws, like EADDRINUSE. */
export async function listen(options: ListenOptions): Promise<void> {
  const { host, port, secrets, refuse, times, showPayloads, json, write, signal } = options
  const taken = new Taken()
  let refusals = refuse === null ? 0 : (times ?? Number.POSITIVE_INFINITY)
  const answer = (): number => {
    if (refusals <= 0) return 204
    refusals -= 1
    return refuse ?? 204
  }
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (request.method !== 'POST') return end(response, 405)
    readBody(request, (raw) => {
      if (raw === null) return end(response, 413)
      const one = receive(request.headers, path, raw, { secrets, taken, showPayloads, answer })
      write(json ? `${jsonText(one)}\n` : receivedLine(one))
      end(response, one.answered)
    })
  })
  server.maxConnections = 256
  server.requestTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { address, family, port: bound } = server.address() as AddressInfo
  options.listening(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

/** Null: it is too long. Not called for one that breaks off. */
function readBody(request: IncomingMessage, done: (raw: Buffer | null) => void): void {
  const pieces: Buffer[] = []
  let bytes = 0
  request.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes <= maxBytes) pieces.push(piece)
  })
  request.once('end', () => done(bytes > maxBytes ? null : Buffer.concat(pieces)))
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 503 || status === 429 ? { 'retry-after': '1' } : {})
  response.end()
}
