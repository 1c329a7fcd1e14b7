// Where notifications go: a configured endpoint, or the origin of a URL that a protocol named (spec section 7).
import { environmentProxy } from './proxy.js'

export interface Endpoint {
  readonly name: string
  readonly url: string
  /** `whsec_` + base64; every request is signed with each. Empty: unsigned. */
  readonly secrets: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** False: owed, and not sent. */
  readonly enabled: boolean
  /** PEM texts. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null
  /** URL, with its credentials where it needs some; null: dialled directly. */
  readonly proxy: string | null
  /** Requests open at a time. */
  readonly concurrency: number
  /** For one whole exchange. */
  readonly timeoutMs: number
  /** Waits after the first, second … failed attempt; after the last one a failure is final. */
  readonly retrySeconds: readonly number[]
}

export const defaultRetrySeconds: readonly number[] = [
  5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400,
]

/** Whether a delivery's endpoint name is the origin of an absolute URL; configured names have no colon. */
export const isOrigin = (name: string): boolean => URL.canParse(name) && new URL(name).origin === name

/** Unsigned, with the defaults of the config; through the environment's proxy where there is one. */
export const unconfiguredEndpoint = (origin: string): Endpoint => ({
  name: origin,
  url: origin,
  secrets: [],
  headers: {},
  enabled: true,
  tls: null,
  proxy: environmentProxy(origin),
  concurrency: 16,
  timeoutMs: 15_000,
  retrySeconds: defaultRetrySeconds,
})
