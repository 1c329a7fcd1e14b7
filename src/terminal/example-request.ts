// The request of a notification as a receiver gets it, to the byte: for `notifyd example`, and the body of `notifyd trigger`. In:
// the notification's name. Owns that it is of nobody real, and that no value of the config is shown.
import {
  appointmentNotification,
  judgeAppointmentChange,
  type NoteStates,
  type NotificationName,
} from '../compute/appointment-notification.js'
import { webhookId } from '../compute/webhook-id.js'
import type { Delivery } from '../journal/delivery.js'
import type { Endpoint } from '../send/endpoint.js'
import { RequestHeaders } from '../send/request-headers.js'
import { readExamples } from './protocol-cases.js'

/** Everybody knows it: what is signed with it proves nothing. */
export const exampleSecret = `whsec_${Buffer.from('notifyd: an example, no secret').toString('base64')}`

/** Where none of the config is asked for. */
export const exampleEndpoint: Pick<Endpoint, 'name' | 'url' | 'secrets' | 'headers'> = {
  name: 'scheduling',
  url: 'https://hooks.example.org/appointments',
  secrets: [exampleSecret],
  headers: {},
}

export interface ExampleRequest {
  readonly method: 'POST'
  readonly url: string
  /** In the order in which they are sent; names are lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const noteStates: NoteStates = new Map([
  ['CLD', 'cancelled'],
  ['NSW', 'no_show'],
  ['RVT', 'reverted'],
  ['CVD', 'checked_in'],
])

/** The built-in examples' first change that makes this notification, with what it makes. */
export function exampleOf(notification: NotificationName) {
  for (const { change, source } of readExamples('', false).cases) {
    const verdict = judgeAppointmentChange(change, noteStates)
    if (verdict.tag === 'notify' && verdict.notification === notification) {
      return { change, source, body: JSON.stringify(verdict.payload) }
    }
  }
  throw new TypeError(`no built-in example makes ${notification}`)
}

export function exampleRequest(
  notification: NotificationName,
  endpoint: Pick<Endpoint, 'name' | 'url' | 'secrets' | 'headers'>,
  userAgent: string,
  at: Date,
): ExampleRequest {
  const { change, source, body } = exampleOf(notification)
  const { commitLsn, committedAt, ordinal } = change
  const identity = { source, commitLsn, ordinal, endpoint: endpoint.name, index: 0, generation: 0 }
  const delivery: Delivery = {
    id: 1,
    webhookId: webhookId({ ...identity, protocol: appointmentNotification }),
    endpoint: endpoint.name,
    url: null,
    lane: '',
    sequence: 1,
    notification,
    headers: {},
    body,
    attempts: 0,
    wait: null,
    commitLsn,
    committedAt,
    appointmentExternalId: change.fieldChanges.external_id,
  }
  const configured = Object.keys(endpoint.headers).map((name) => [name, `(what the config has, of ${endpoint.name})`])
  const headers = Object.fromEntries(configured)
  const flat = new RequestHeaders({ ...endpoint, headers }, userAgent).of(delivery, 1, at)
  const url = new URL(endpoint.url)
  return {
    method: 'POST',
    url: endpoint.url,
    headers: {
      host: url.host,
      connection: 'keep-alive',
      ...Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : []))),
      'content-length': String(Buffer.byteLength(body)),
    },
    body,
  }
}

/** As it goes over the wire; a newline at the end is this text's. */
export function requestText({ method, url, headers, body }: ExampleRequest): string {
  const { pathname, search } = new URL(url)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${pathname}${search} HTTP/1.1`, ...lines, '', body].join('\n')}\n`
}
