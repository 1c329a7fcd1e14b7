import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import type { Delivery } from '../../src/journal/delivery.js'
import { unconfiguredEndpoint } from '../../src/send/endpoint.js'
import { RequestHeaders } from '../../src/send/request-headers.js'
import { Signer } from '../../src/send/signature.js'
import { vouchingSecrets } from '../../testbed/signature-check.js'

/** Names and values in turn, as an object; no name may stand there twice. */
function asObject(flat: readonly string[]): Record<string, string> {
  const entries = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as const] : []))
  expect(new Set(entries.map(([name]) => name)).size).toBe(entries.length)
  return Object.fromEntries(entries)
}

const delivery: Delivery = {
  id: 1,
  webhookId: 'msg_1',
  endpoint: 'desk',
  url: null,
  lane: 'a',
  sequence: 41,
  notification: 'cancelled',
  headers: {},
  body: '{"name":"ünïcödé 🩺"}',
  attempts: 0,
  wait: null,
  commitLsn: 0x16b3748n as Lsn,
  committedAt: 1_640_000_000_123_456,
  appointmentExternalId: null,
}
const endpoint = unconfiguredEndpoint('https://example.org')
const at = new Date('2026-11-23T12:00:00.900Z')

test('are those of the specification', () => {
  expect(asObject(new RequestHeaders(endpoint, 'notifyd/1').of(delivery, 2, at))).toEqual({
    'content-type': 'application/json',
    'user-agent': 'notifyd/1',
    'webhook-id': 'msg_1',
    'webhook-timestamp': '1795435200',
    'notification-type': 'cancelled',
    'notification-lsn': '0/16B3748',
    'notification-committed-at': '2021-12-20T11:33:20.123456Z',
    'notification-sequence': '41',
    'notification-attempt': '2',
  })
})

test('of the protocol win over the endpoint’s, and neither can forge ours or bend the framing', () => {
  const forged = {
    'Webhook-Id': 'x',
    'Notification-Sequence': '1',
    'Content-Length': '1',
    'Transfer-Encoding': 'chunked',
    Host: 'h',
  }
  const configured = { ...endpoint, headers: { 'X-One': 'endpoint', 'Content-Type': 'text/a' } }
  const ofProtocol = { 'x-one': 'protocol', 'CONTENT-TYPE': 'text/b', ...forged }
  const headers = asObject(new RequestHeaders(configured, 'notifyd/1').of({ ...delivery, headers: ofProtocol }, 1, at))
  expect(headers).toMatchObject({
    'x-one': 'protocol',
    'content-type': 'text/b',
    'webhook-id': 'msg_1',
    'notification-sequence': '41',
  })
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['content-length']))
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['transfer-encoding']))
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['host']))
})

test('are signed with each secret, as an independent verifier finds', () => {
  const secrets = [1, 2].map((n) => `whsec_${Buffer.alloc(32, n).toString('base64')}`)
  const headers = asObject(new RequestHeaders({ ...endpoint, secrets }, 'notifyd/1').of(delivery, 1, new Date()))
  expect(headers['webhook-signature']?.split(' ')).toHaveLength(2)
  expect(vouchingSecrets(headers, Buffer.from(delivery.body), secrets)).toEqual(secrets)
})

interface Vector {
  readonly secret: string
  readonly id: string
  readonly timestamp: number
  readonly body: string
  readonly signature: string
}

test('agree with the vectors of Standard Webhooks', () => {
  const file = new URL('../testbed/fixtures/standard-webhooks.json', import.meta.url)
  const vectors: unknown = JSON.parse(readFileSync(file, 'utf8'))
  for (const vector of vectors as readonly Vector[]) {
    const headers: string[] = []
    new Signer([vector.secret]).addHeaders(headers, vector.id, new Date(vector.timestamp * 1000), vector.body)
    expect(asObject(headers)['webhook-signature']).toBe(vector.signature)
  }
})
