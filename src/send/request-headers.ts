// The headers of one attempt (spec section 7). Names are lower case; ours win over the protocol's, these over the endpoint's.
import { isoMicros } from '../base/time.js'
import { formatLsn } from '../capture/lsn.js'
import type { Delivery } from '../journal/delivery.js'
import type { Endpoint } from './endpoint.js'
import { Signer } from './signature.js'

export class RequestHeaders {
  readonly #common: Readonly<Record<string, string>>
  /** Names and values in turn. */
  readonly #flatCommon: readonly string[]
  readonly #signer: Signer

  constructor({ headers, secrets }: Pick<Endpoint, 'headers' | 'secrets'>, userAgent: string) {
    this.#common = { 'content-type': 'application/json', 'user-agent': userAgent, ...lowerCase(headers) }
    this.#flatCommon = Object.entries(this.#common).flat()
    this.#signer = new Signer(secrets)
  }

  /**
   * Names and values in turn.
   * @param attempt from 1, in a replay too
   */
  of(delivery: Delivery, attempt: number, at: Date, isReplay = false): string[] {
    const headers = this.#withProtocols(delivery.headers)
    this.#signer.addHeaders(headers, delivery.webhookId, at, delivery.body)
    headers.push('notification-type', delivery.notification, 'notification-attempt', String(attempt))
    if (isReplay) headers.push('notification-replay', 'true')
    if (delivery.commitLsn !== null) headers.push('notification-lsn', formatLsn(delivery.commitLsn))
    if (delivery.committedAt !== null) headers.push('notification-committed-at', isoMicros(delivery.committedAt))
    if (delivery.sequence !== null) headers.push('notification-sequence', String(delivery.sequence))
    return headers
  }

  #withProtocols(given: Readonly<Record<string, string>>): string[] {
    for (const _ in given) return Object.entries({ ...this.#common, ...lowerCase(given) }).flat()
    return [...this.#flatCommon]
  }
}

/** A protocol's headers cannot stand for ours, nor bend the request's framing. */
const ours =
  /^(?:webhook-|notification-|content-length$|transfer-encoding$|connection$|host$|expect$|upgrade$|keep-alive$)/

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  const lower: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase()
    if (!ours.test(key)) lower[key] = value
  }
  return lower
}
