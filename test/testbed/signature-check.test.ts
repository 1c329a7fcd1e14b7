import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { vouchingSecrets } from '../../testbed/signature-check.js'

interface Vector {
  readonly secret: string
  readonly id: string
  readonly timestamp: number
  readonly body: string
  readonly signature: string
}

const vectors = JSON.parse(
  readFileSync(new URL('./fixtures/standard-webhooks.json', import.meta.url), 'utf8'),
) as Vector[]

const otherSecret = `whsec_${Buffer.from('a secret that signed nothing').toString('base64')}`

describe.each(vectors)('the published vector $id', ({ secret, id, timestamp, body, signature }) => {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature }
  const check = (changed: Partial<typeof headers> = {}, bytes = Buffer.from(body), secrets = [secret]) =>
    vouchingSecrets({ ...headers, ...changed }, bytes, secrets)

  beforeEach(() => void vi.useFakeTimers({ now: timestamp * 1000, toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  test('is vouched for by its secret', () => {
    expect(check()).toEqual([secret])
  })

  test('is vouched for by its secret only, among several', () => {
    expect(check({}, Buffer.from(body), [otherSecret, secret])).toEqual([secret])
  })

  test('holds where one of several signatures does, as during a rotation', () => {
    expect(check({ 'webhook-signature': `v1,${'A'.repeat(43)}= ${signature}` })).toEqual([secret])
  })

  test('fails with any byte of the body changed, added or left out', () => {
    for (let at = 0; at < body.length; at++) {
      const changed = Buffer.from(body)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(check({}, changed), `byte ${at}`).toEqual([])
    }
    expect(check({}, Buffer.from(`${body} `))).toEqual([])
    expect(check({}, Buffer.from(body.slice(1)))).toEqual([])
  })

  test.each([
    ['another id', { 'webhook-id': `${id}x` }],
    ['another second', { 'webhook-timestamp': String(timestamp + 1) }],
    ['another signature', { 'webhook-signature': signature.replace(/[a-z]/, 'Z') }],
    ['another version', { 'webhook-signature': signature.replace('v1', 'v2') }],
    ['no signature', { 'webhook-signature': '' }],
    ['no id', { 'webhook-id': '' }],
  ])('fails with %s', (_, changed) => {
    expect(check(changed)).toEqual([])
  })

  test('fails five minutes later', () => {
    vi.setSystemTime((timestamp + 301) * 1000)
    expect(check()).toEqual([])
  })
})

test('compares bytes and not text: a byte that is no UTF-8 is not its replacement character', () => {
  const secret = vectors[0]?.secret ?? ''
  const { id, timestamp } = { id: 'msg_1', timestamp: Math.floor(Date.now() / 1000) }
  const sign = (body: Buffer, signature: string) =>
    vouchingSecrets(
      { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature },
      body,
      [secret],
    )
  expect(sign(Buffer.from([0xff]), signatureOf(secret, `${id}.${timestamp}.\ufffd`))).toEqual([])
  expect(sign(Buffer.from('\ufffd'), signatureOf(secret, `${id}.${timestamp}.\ufffd`))).toEqual([secret])
})

function signatureOf(secret: string, signed: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
}
