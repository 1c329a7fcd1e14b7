// How a receiver answers one POST, the hostile ways included. In: an open response. Out: bytes, silence or a reset; all
// of it ends when the connection does.
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

/** 204, at once. */
export const accept: Behaviour = { tag: 'answer', status: 204 }

/** Any status with headers. */
export const answer = (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour => ({
  tag: 'answer',
  status,
  headers,
})

/** Answers in the given way. Does not wait for the answer's end. */
export function perform(behaviour: Behaviour, response: ServerResponse): void {
  switch (behaviour.tag) {
    case 'answer':
      answerLater(behaviour, response)
      return
    case 'hang':
      return
    case 'hang after headers':
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' }).flushHeaders()
      return
    case 'drip':
      drip(response, behaviour.everyMs ?? 1000)
      return
    case 'endless body':
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      flood(response)
      return
    case 'reset':
      if (behaviour.when === 'before the answer') response.socket?.resetAndDestroy()
      else
        response
          .writeHead(200, { 'content-length': '100' })
          .write('the first bytes', () => setImmediate(() => response.socket?.resetAndDestroy()))
      return
    default:
      behaviour satisfies never
  }
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
