// `send_notification` of the SDK: it records what is owed and does no I/O (law 2). The running compute is found through an
// AsyncLocalStorage, so that a protocol calls a plain function as in the workflow kit.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { OwedNotification } from './computed-change.js'
import { type Identity, webhookId } from './webhook-id.js'

const running = new AsyncLocalStorage<Outbox>()

/**
 * @param url absolute, or the name of a configured endpoint
 * @param payload an object (sent as JSON) or a string (sent as it is)
 * @returns the webhook id
 * @throws Error outside a running compute; TypeError for what could never be sent
 */
export function send_notification(
  url: string,
  payload: object | string,
  headers: Readonly<Record<string, string>> = {},
): string {
  const outbox = running.getStore()
  if (outbox === undefined) throw new Error('send_notification was called outside a running compute_results')
  return outbox.add(url, payload, headers)
}

export interface OutboxOptions {
  /** Names of the configured endpoints. */
  readonly endpoints: ReadonlySet<string>
  readonly protocol: string
  readonly notification: string
  readonly identity: Pick<Identity, 'source' | 'commitLsn' | 'ordinal'>
}

/** Collects the notifications of one protocol's compute of one change. */
export class Outbox {
  readonly notifications: OwedNotification[] = []
  readonly #options: OutboxOptions
  #isClosed = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Runs `compute` so that send_notification records here; what is sent after it has ended throws. */
  async collect<T>(compute: () => Promise<T>): Promise<T> {
    try {
      return await running.run(this, compute)
    } finally {
      this.#isClosed = true
    }
  }

  add(target: string, payload: object | string, headers: Readonly<Record<string, string>>): string {
    if (this.#isClosed) throw new Error('send_notification was called after compute_results had ended')
    const { protocol, notification, identity } = this.#options
    const { endpoint, url } = this.#destination(target)
    const index = this.notifications.filter((other) => other.endpoint === endpoint).length
    const id = webhookId({ ...identity, protocol, endpoint, index, generation: 0 })
    const owed = { webhookId: id, protocol, endpoint, url, notification }
    this.notifications.push({ ...owed, headers: checkedHeaders(headers), body: bodyOf(payload) })
    return id
  }

  #destination(target: string): { endpoint: string; url: string | null } {
    if (this.#options.endpoints.has(target)) return { endpoint: target, url: null }
    const url = URL.canParse(target) ? new URL(target) : null
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      throw new TypeError('send_notification: neither the name of a configured endpoint nor an absolute http(s) URL')
    }
    return { endpoint: url.origin, url: url.href }
  }
}

function bodyOf(payload: unknown): string {
  if (typeof payload === 'string') return payload
  if (typeof payload !== 'object' || payload === null) throw new TypeError('send_notification: no object and no string')
  const body: unknown = JSON.stringify(payload)
  if (typeof body !== 'string') throw new TypeError('send_notification: the payload’s toJSON gives nothing')
  return body
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** A header that HTTP forbids would make every attempt fail: better the protocol learns of it (RFC 9110 section 5). */
function checkedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!headerName.test(name) || typeof value !== 'string' || !headerValue.test(value)) {
      throw new TypeError('send_notification: a header is not one of HTTP')
    }
    checked[name] = value
  }
  return checked
}
