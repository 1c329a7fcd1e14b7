// How a receiver answers one POST, the hostile ways included. In: an open response. Out: bytes, silence or a reset; all
// of it ends when the connection does. What `raw` writes is no affair of node:http, so it says itself which status it gave.
import type { ServerResponse } from 'node:http'

export type Behaviour =
  /** Any status (a redirect is 302 with `location`). Waits `delayMs`, or until `after` is settled, before it answers. */
  | {
      readonly tag: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
      readonly delayMs?: number
      readonly after?: Promise<unknown>
    }
  /** Takes the request and never answers. */
  | { readonly tag: 'hang' }
  /** Sends status and headers that promise a body, and nothing of the body. */
  | { readonly tag: 'hang after headers' }
  /** A 200 whose body is one byte every `everyMs` (default 1,000), for ever. */
  | { readonly tag: 'drip'; readonly everyMs?: number }
  /** A 200 whose body never ends, as fast as it is read. */
  | { readonly tag: 'endless body' }
  /** Cuts the connection by RST: before any answer, or in the middle of one. */
  | { readonly tag: 'reset'; readonly when: 'before the answer' | 'mid-answer' }
  /** Exactly these bytes (latin-1), whatever HTTP says of them; the connection is then closed, unless it is to stay open. */
  | { readonly tag: 'raw'; readonly bytes: string; readonly staysOpen?: boolean }

/** 204, at once. */
export const accept: Behaviour = { tag: 'answer', status: 204 }

/** Any status with headers. */
export const answer = (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour => ({
  tag: 'answer',
  status,
  headers,
})

/** A 204 that says it has a body, and has one: RFC 9110 allows neither, and Python's own http.server does it easily. */
export const acceptWithLength = {
  tag: 'raw',
  bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok',
} as const satisfies Behaviour

/** What node:http does not tell of an answer. */
export interface Answering {
  /** Status and headers have left, and more is to come: for a sender it is answered. */
  headed(status: number): void
  /** All of it has left, past node:http. */
  ended(status: number | null): void
}

/** Answers in the given way. Does not wait for the answer's end. */
export function perform(behaviour: Behaviour, response: ServerResponse, answering: Answering): void {
  switch (behaviour.tag) {
    case 'answer':
      answerLater(behaviour, response)
      return
    case 'hang':
      return
    case 'hang after headers':
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' }).flushHeaders()
      answering.headed(200)
      return
    case 'drip':
      drip(response, behaviour.everyMs ?? 1000)
      answering.headed(200)
      return
    case 'endless body':
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      flood(response)
      answering.headed(200)
      return
    case 'reset':
      if (behaviour.when === 'before the answer') response.socket?.resetAndDestroy()
      else
        response.writeHead(200, { 'content-length': '100' }).write('the first bytes', () => {
          answering.headed(200)
          setImmediate(() => response.socket?.resetAndDestroy())
        })
      return
    case 'raw':
      answerRaw(behaviour, response, answering)
      return
    default:
      behaviour satisfies never
  }
}

function answerRaw({ bytes, staysOpen }: Behaviour & { tag: 'raw' }, { socket }: ServerResponse, answering: Answering) {
  const statuses = [...bytes.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => Number(status))
  socket?.write(bytes, 'latin1', () => {
    answering.ended(statuses.find((status) => status >= 200) ?? null)
    if (staysOpen !== true) socket.end()
  })
}

function answerLater(behaviour: Behaviour & { tag: 'answer' }, response: ServerResponse): void {
  const send = () => {
    if (!response.destroyed) response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body)
  }
  if (behaviour.after) {
    behaviour.after.then(send, send)
  } else if (behaviour.delayMs !== undefined) {
    const timer = setTimeout(send, behaviour.delayMs)
    response.once('close', () => clearTimeout(timer))
  } else {
    send()
  }
}

function drip(response: ServerResponse, everyMs: number): void {
  response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
  const timer = setInterval(() => response.write('.'), everyMs)
  response.once('close', () => clearInterval(timer))
}

const flooding = Buffer.alloc(16 * 1024, '.')

function flood(response: ServerResponse): void {
  while (!response.destroyed && response.write(flooding));
  if (!response.destroyed) response.once('drain', () => flood(response))
}
