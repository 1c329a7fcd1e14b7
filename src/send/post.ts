// One POST, and how it ended. The only file that knows the HTTP client. Owns that an exchange takes no longer than its
// time, that a 2xx whose headers came stays a success whatever follows, that no redirect is followed, that no more than 64 KiB of an
// answer are read, and that, without a proxy, no byte leaves for a refused address: the connection is made plain, its peer checked,
// and only then handed to TLS.
import { closeSync, openSync } from 'node:fs'
import { buildConnector, type Dispatcher, errors, Pool, ProxyAgent } from 'undici'
import { errorCode } from '../base/errors.js'
import { maxHeadBytes, withPlainHeads } from './answer-head.js'
import { type AttemptError, classOfCode, isOursAlone, type OursAlone } from './attempt-errors.js'
import type { Endpoint } from './endpoint.js'
import { answerClass, isSuccessStatus, type NotSent, type Outcome, refused } from './retry-policy.js'
import { refusedAddress, type Target, type UrlPolicy } from './url-policy.js'

export interface PosterOptions {
  readonly endpoint: Pick<Endpoint, 'url' | 'tls' | 'proxy' | 'concurrency' | 'timeoutMs'>
  readonly target: Target
  readonly policy: UrlPolicy
}

const maxAnswerBytes = 64 * 1024
/** For the body of a 2xx, so that its connection can be used again; then it is cut. */
const restOfSuccessMs = 1_000

/** Whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
const verified = { rejectUnauthorized: true }

class RefusedAddress extends Error {}

export class Poster {
  readonly #dispatcher: Dispatcher
  readonly #origin: string
  readonly #timeoutMs: number
  readonly #open = new Set<() => void>()
  /** There was an answer since a connection last broke, so kept-alive connections of that time may have been closed. */
  #hasAnswered = false

  constructor({ endpoint, target, policy }: PosterOptions) {
    const { url, proxy, concurrency: connections, timeoutMs } = endpoint
    const tls = { ...endpoint.tls, ...verified }
    this.#origin = new URL(url).origin
    this.#timeoutMs = timeoutMs
    const common = { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: maxHeadBytes }
    this.#dispatcher =
      proxy === null
        ? new Pool(this.#origin, { ...common, connect: guardedConnector(tls, timeoutMs, target, policy) })
        : // The operator names the proxy, nearly always at a private address, and it resolves and dials for us: no check here.
          new ProxyAgent({
            ...common,
            uri: proxy,
            proxyTls: verified,
            requestTls: { ...tls, timeout: timeoutMs },
            factory: (origin, options) => new Pool(origin, readingPlainHeads(options)),
          })
  }

  /** Resolves when the exchange has ended, whatever came of it, or could not begin; null: `abort` ended it. Never rejects. */
  post(path: string, headers: string[], body: string): Promise<Outcome | null> {
    return new Promise((resolve) => {
      let controller: Dispatcher.DispatchController | null = null
      let status: number | null = null
      let retryAfter: string | null = null
      let bytes = 0
      let isOver = false
      const mayBeStale = this.#hasAnswered
      const end = (outcome: Outcome | null, stop: boolean) => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        this.#open.delete(abort)
        resolve(outcome)
        if (stop) controller?.abort(new Error('ended'))
      }
      const answered = (stop: boolean) => {
        this.#hasAnswered = true
        end({ status, error: isSuccessStatus(status) ? null : answerClass(status), retryAfter, isStale: false }, stop)
      }
      const failed = (error: string, isStale = false) => {
        if (isSuccessStatus(status)) answered(true)
        else end({ status, error, retryAfter, isStale }, true)
      }
      const notSent = (ours: OursAlone) => {
        const outcome: NotSent = { status, error: ours, retryAfter, isStale: false, notSent: ours }
        end(outcome, true)
      }
      let timer = setTimeout(() => failed('timeout' satisfies AttemptError), this.#timeoutMs)
      const abort = () => (isSuccessStatus(status) ? answered(true) : end(null, true))
      this.#open.add(abort)
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: (given) => {
          controller = given
          if (isOver) given.abort(new Error('ended'))
        },
        onResponseStart: (_, code, answer) => {
          if (code < 200) return
          status = code
          const asked = answer['retry-after']
          retryAfter = typeof asked === 'string' ? asked : null
          if (!isSuccessStatus(code)) return
          clearTimeout(timer)
          timer = setTimeout(() => answered(true), restOfSuccessMs)
        },
        onResponseData: (_, chunk) => {
          bytes += chunk.length
          if (bytes > maxAnswerBytes) answered(true)
        },
        onResponseEnd: () => answered(false),
        onResponseError: (_, error) => {
          if (isOver) return
          const ours = status === null ? oursIn(error) : null
          if (ours !== null) return notSent(ours)
          const isStale = mayBeStale && status === null && isClosedEarly(error)
          this.#hasAnswered = false
          failed(classOf(error), isStale)
        },
      }
      try {
        this.#dispatcher.dispatch({ origin: this.#origin, path, method: 'POST', headers, body }, handler)
      } catch (error) {
        failed(classOf(error))
      }
    })
  }

  /** Ends every open exchange: their posts resolve to null. */
  abort(): void {
    for (const abort of [...this.#open]) abort()
  }

  /** Open exchanges may end, then the connections are closed. For a poster that gets no further posts. */
  async finish(): Promise<void> {
    await this.#dispatcher.close()
  }

  async close(): Promise<void> {
    this.abort()
    await this.#dispatcher.destroy()
  }
}

function guardedConnector(tls: buildConnector.BuildOptions, timeoutMs: number, target: Target, policy: UrlPolicy) {
  const plain = buildConnector({ timeout: timeoutMs, allowH2: false })
  const secure = buildConnector({ ...tls, timeout: timeoutMs, allowH2: false })
  const connector: buildConnector.connector = (options, done) => {
    const isSecure = options.protocol === 'https:'
    const port = options.port || (isSecure ? '443' : '80')
    plain({ ...options, protocol: 'http:', port }, (...[error, socket]) => {
      if (error !== null) return done(error, null)
      const reason = refusedAddress(socket.remoteAddress ?? '', options.hostname, target, policy)
      if (reason !== null) {
        socket.destroy()
        return done(new RefusedAddress(reason), null)
      }
      if (isSecure) secure({ ...options, port, httpSocket: socket }, done)
      else done(null, socket)
    })
  }
  return reading(connector)
}

const reading =
  (connector: buildConnector.connector): buildConnector.connector =>
  (options, done) =>
    connector(options, (...[error, socket]) =>
      error === null ? done(null, withPlainHeads(socket)) : done(error, null),
    )

/** Of the connections that the proxy agent makes, through its tunnels. */
function readingPlainHeads(options: Pool.Options): Pool.Options {
  const { connect } = options
  return typeof connect === 'function' ? { ...options, connect: reading(connect) } : options
}

/** What this machine had run out of, so that nothing was dialled; DNS does not say so, and is asked in another way. */
function oursIn(error: unknown): OursAlone | null {
  const code = errorCode(error)
  if (isOursAlone(code)) return code
  if (code === null || !ofNames.has(code)) return null
  try {
    closeSync(openSync('/dev/null', 'r'))
    return null
  } catch (failure) {
    const found = errorCode(failure)
    return isOursAlone(found) ? found : null
  }
}

const ofNames: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENODATA'])

const isClosedEarly = (error: unknown): boolean =>
  ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? '')

function classOf(error: unknown): string {
  if (error instanceof RefusedAddress) return refused
  if (error instanceof errors.HTTPParserError) return 'unreadable answer' satisfies AttemptError
  const code = errorCode(error)
  return code === null ? ('transport error' satisfies AttemptError) : classOfCode(code)
}
