// What a receiver knows of one POST. In: a request with its whole body. Out: a record for tests to judge by.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { vouchingSecrets } from './signature-check.js'

export interface Post {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawBody: Buffer
  /** The body parsed as JSON; undefined where it is not JSON. */
  readonly body: unknown
  readonly webhookId: string | null
  readonly sequence: number | null
  readonly attempt: number | null
  /** `created` …; the `notification-type` header. */
  readonly notification: string | null
  readonly replay: boolean
  /** From the body. */
  readonly appointmentExternalId: string | null
  /** When the request's headers were there; unix microseconds. */
  readonly arrivedAt: number
  /** The receiver's secrets that vouch for it; none: unsigned, or signed wrongly. */
  readonly verifiedBy: readonly string[]
  /** Requests of its lane (path and appointment) that were open when it came, itself not counted. More than 0 is a fault. */
  readonly openBefore: number
  /** The status that was sent with all headers, and when (unix microseconds); null until then, or where none was. */
  answered: { readonly status: number; readonly at: number } | null
  /** Whether the request has ended, answered or not. */
  ended: boolean
}

/** Unix time in microseconds, by the monotonic clock. */
export const preciseNow = (): number => Math.round((performance.timeOrigin + performance.now()) * 1000)

export function readPost(
  request: IncomingMessage,
  rawBody: Buffer,
  context: { readonly arrivedAt: number; readonly secrets: readonly string[]; openBefore(lane: string): number },
): Post {
  const body = parseJson(rawBody)
  const appointmentExternalId = stringAt(body, 'appointment_external_id')
  const path = request.url ?? '/'
  return {
    method: request.method ?? '',
    path,
    headers: request.headers,
    rawBody,
    body,
    webhookId: header(request, 'webhook-id'),
    sequence: numberOf(header(request, 'notification-sequence')),
    attempt: numberOf(header(request, 'notification-attempt')),
    notification: header(request, 'notification-type'),
    replay: header(request, 'notification-replay') === 'true',
    appointmentExternalId,
    arrivedAt: context.arrivedAt,
    verifiedBy: vouchingSecrets(request.headers, rawBody, context.secrets),
    openBefore: appointmentExternalId === null ? 0 : context.openBefore(laneOf(path, appointmentExternalId)),
    answered: null,
    ended: false,
  }
}

/** Order holds in a lane: an endpoint (here its path) and an appointment. */
export const laneOf = (path: string, appointmentExternalId: string): string => `${path} ${appointmentExternalId}`

function parseJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'))
  } catch {
    return undefined
  }
}

function stringAt(body: unknown, key: string): string | null {
  if (typeof body !== 'object' || body === null) return null
  const value: unknown = Reflect.get(body, key)
  return typeof value === 'string' ? value : null
}

function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name]
  return typeof value === 'string' ? value : null
}

const numberOf = (text: string | null): number | null => (text === null ? null : Number(text))
