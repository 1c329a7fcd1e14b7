// How one endpoint is reached: its URL, headers, secrets and certificates. They are replaced together when the config was read
// again; what is open then ends on the old ones.
import { isDeepStrictEqual } from 'node:util'
import type { Delivery } from '../journal/delivery.js'
import type { Endpoint } from './endpoint.js'
import { Poster } from './post.js'
import { RequestHeaders } from './request-headers.js'
import { damaged, type Outcome, refused } from './retry-policy.js'
import { refusedUrl, type UrlPolicy } from './url-policy.js'

export interface ExchangeOptions {
  readonly endpoint: Endpoint
  /** Named in the config; else a protocol gave its URL. */
  readonly configured: boolean
  readonly policy: UrlPolicy
  readonly userAgent: string
}

export class Exchange {
  readonly #options: ExchangeOptions
  readonly #replaced = new Set<Poster>()
  #endpoint: Endpoint
  #poster: Poster
  #headers: RequestHeaders
  #path: string

  constructor(options: ExchangeOptions) {
    const { endpoint, userAgent } = options
    this.#options = options
    this.#endpoint = endpoint
    this.#poster = this.#posterTo(endpoint)
    this.#headers = new RequestHeaders(endpoint, userAgent)
    this.#path = pathOf(endpoint.url)
  }

  /** From the next attempt on. Whether the receiver, or what it knows us by, is another. */
  replace(endpoint: Endpoint): boolean {
    const old = this.#poster
    const isOther = !isDeepStrictEqual(addressOf(this.#endpoint), addressOf(endpoint))
    this.#endpoint = endpoint
    this.#poster = this.#posterTo(endpoint)
    this.#headers = new RequestHeaders(endpoint, this.#options.userAgent)
    this.#path = pathOf(endpoint.url)
    this.#replaced.add(old)
    const forget = () => this.#replaced.delete(old)
    old.finish().then(forget, forget)
    return isOther
  }

  /** One attempt. Null: it was given up because the daemon stops. */
  async post(delivery: Delivery, number: number, at: Date, isReplay: boolean): Promise<Outcome | null> {
    if (delivery.isDamaged) return { status: null, error: damaged, retryAfter: null, isStale: false }
    const { configured, policy } = this.#options
    const isRefused = delivery.url !== null && refusedUrl(delivery.url, { configured }, policy) !== null
    if (isRefused) return { status: null, error: refused, retryAfter: null, isStale: false }
    const path = delivery.url === null ? this.#path : pathOf(delivery.url)
    return this.#poster.post(path, this.#headers.of(delivery, number, at, isReplay), delivery.body)
  }

  /** Ends every open exchange: their posts resolve to null. */
  abort(): void {
    for (const poster of [this.#poster, ...this.#replaced]) poster.abort()
  }

  async close(): Promise<void> {
    await Promise.all([this.#poster, ...this.#replaced].map((poster) => poster.close()))
  }

  #posterTo(endpoint: Endpoint): Poster {
    const { configured, policy } = this.#options
    return new Poster({ endpoint, target: { configured }, policy })
  }
}

const addressOf = ({ url, secrets, headers, tls, proxy }: Endpoint) => ({ url, secrets, headers, tls, proxy })

const pathOf = (url: string): string => {
  const { pathname, search } = new URL(url)
  return `${pathname}${search}`
}
