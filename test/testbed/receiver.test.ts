import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { acceptWithLength, answer } from '../../testbed/behaviour.js'
import { type Receiver, startReceiver } from '../../testbed/receiver.js'

const secret = `whsec_${Buffer.from('a secret of tests only').toString('base64')}`

interface Sent {
  readonly path?: string
  readonly sequence?: number
  readonly appointment?: string
  readonly replay?: boolean
  readonly signal?: AbortSignal
}

function post(receiver: Receiver, { path = '/', sequence = 1, appointment = 'a', replay, signal }: Sent = {}) {
  const body = JSON.stringify({ canvas_patient_key: 'k', created: true, appointment_external_id: appointment })
  const id = `msg_${sequence}`
  const now = new Date()
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
    'notification-type': 'created',
    'notification-sequence': String(sequence),
    'notification-attempt': '1',
    ...(replay ? { 'notification-replay': 'true' } : {}),
  }
  return fetch(receiver.url(path), { method: 'POST', body, headers, redirect: 'manual', signal: signal ?? null })
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : error

describe('what is recorded', () => {
  test('is everything that a test judges by', async () => {
    await using receiver = await startReceiver({ secrets: [secret] })
    const before = Date.now() * 1000
    await post(receiver, { path: '/hook?key=1', sequence: 41, appointment: 'b' })
    expect(receiver.posts).toHaveLength(1)
    expect(receiver.posts[0]).toMatchObject({
      method: 'POST',
      path: '/hook?key=1',
      webhookId: 'msg_41',
      sequence: 41,
      attempt: 1,
      notification: 'created',
      replay: false,
      appointmentExternalId: 'b',
      body: { canvas_patient_key: 'k', created: true, appointment_external_id: 'b' },
      verifiedBy: [secret],
      openBefore: 0,
      answered: { status: 204 },
    })
    const arrivedAt = receiver.posts[0]?.arrivedAt ?? 0
    expect(Number.isInteger(arrivedAt)).toBe(true)
    expect(Math.abs(arrivedAt - before)).toBeLessThan(5_000_000)
    expect(receiver.faults).toEqual([])
  })

  test('is the exact body, also where it is not JSON', async () => {
    await using receiver = await startReceiver()
    const bytes = Buffer.from([0xff, 0x00, 0x7b])
    await fetch(receiver.url('/'), { method: 'POST', body: bytes })
    expect(receiver.posts[0]?.rawBody).toEqual(bytes)
    expect(receiver.posts[0]).toMatchObject({ body: undefined, sequence: null, appointmentExternalId: null })
  })
})

describe('faults', () => {
  test('a wrong or missing signature is one', async () => {
    await using receiver = await startReceiver({ secrets: [`${secret.slice(0, -4)}AAAA`] })
    await post(receiver)
    expect(receiver.faults).toMatchObject([{ tag: 'signature', post: { sequence: 1 } }])
  })

  test('an earlier sequence after a later one of the same appointment is one', async () => {
    await using receiver = await startReceiver()
    for (const sequence of [1, 3, 2, 3]) await post(receiver, { sequence })
    expect(receiver.faults).toMatchObject([{ tag: 'order', post: { sequence: 2 }, after: { sequence: 3 } }])
  })

  test('other appointments, other paths, replays and repeats have an order of their own', async () => {
    await using receiver = await startReceiver()
    await post(receiver, { sequence: 5 })
    await post(receiver, { sequence: 5 })
    await post(receiver, { sequence: 1, appointment: 'b' })
    await post(receiver, { sequence: 2, path: '/other' })
    await post(receiver, { sequence: 3, replay: true })
    expect(receiver.faults).toEqual([])
  })

  test('two open requests of one appointment are one', async () => {
    await using receiver = await startReceiver()
    let release: () => void = Boolean
    const after = new Promise<void>((resolve) => {
      release = resolve
    })
    receiver.program('/', () => ({ tag: 'answer', status: 200, after }))
    const first = post(receiver, { sequence: 1 })
    await receiver.until(({ posts }) => posts.length === 1)
    const sent = [first, post(receiver, { sequence: 2 }), post(receiver, { sequence: 3, appointment: 'b' })]
    await receiver.until(({ posts }) => posts.length === 3)
    release()
    await Promise.all(sent)
    expect(receiver.mostOpen).toBe(3)
    expect(receiver.faults).toMatchObject([{ tag: 'overlap', post: { sequence: 2, openBefore: 1 } }])
    await post(receiver, { sequence: 4 })
    expect(receiver.posts.at(-1)).toMatchObject({ sequence: 4, openBefore: 0 })
  })
})

describe('answers', () => {
  test('come from a queue, then it accepts', async () => {
    await using receiver = await startReceiver()
    receiver.program('/', [answer(429, { 'retry-after': '7' }), answer(302, { location: 'http://169.254.169.254/' })])
    const first = await post(receiver)
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '7'])
    const second = await post(receiver)
    expect([second.status, second.headers.get('location')]).toEqual([302, 'http://169.254.169.254/'])
    expect((await post(receiver)).status).toBe(204)
    expect(receiver.delivered).toHaveLength(1)
  })

  test('come from a function, for its path only, and can be changed', async () => {
    await using receiver = await startReceiver()
    receiver.program('/a', ({ sequence }) => answer(sequence === 1 ? 500 : 410))
    expect((await post(receiver, { path: '/a?x', sequence: 1 })).status).toBe(500)
    expect((await post(receiver, { path: '/a', sequence: 2 })).status).toBe(410)
    expect((await post(receiver, { path: '/b' })).status).toBe(204)
    receiver.program('/a', [])
    expect((await post(receiver, { path: '/a' })).status).toBe(204)
  })

  test('can be exact bytes, and count by their status', async () => {
    await using receiver = await startReceiver()
    receiver.program('/', [acceptWithLength])
    const socket = connect(receiver.port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}')
    const pieces: Buffer[] = []
    for await (const piece of socket) pieces.push(piece)
    expect(Buffer.concat(pieces).toString()).toBe('HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok')
    expect(receiver.delivered).toMatchObject([{ answered: { status: 204 }, ended: true }])
  })

  test('can be late', async () => {
    await using receiver = await startReceiver()
    receiver.program('/', [{ tag: 'answer', status: 200, body: 'thanks', delayMs: 50 }])
    const [, response] = await Promise.all([receiver.until(({ posts }) => posts[0]?.answered === null), post(receiver)])
    expect(await response.text()).toBe('thanks')
  })
})

describe('hostility', () => {
  test('hang: the request stays open and is never answered', async () => {
    await using receiver = await startReceiver()
    receiver.program('/', [{ tag: 'hang' }])
    const gaveUp = new AbortController()
    const sent = post(receiver, { signal: gaveUp.signal })
    await receiver.until(({ posts }) => posts.length === 1)
    expect(receiver.posts[0]).toMatchObject({ ended: false, answered: null })
    gaveUp.abort()
    await expect(sent).rejects.toMatchObject({ name: 'AbortError' })
    await receiver.until(({ posts }) => posts[0]?.ended === true)
    expect(receiver.posts[0]?.answered).toBeNull()
  })

  test.each([
    ['hang after headers', { tag: 'hang after headers' }, 0],
    ['drip', { tag: 'drip', everyMs: 5 }, 3],
    ['endless body', { tag: 'endless body' }, 1_000_000],
  ] as const)('%s: the headers come, the end of the body never does', async (_, behaviour, bytes) => {
    await using receiver = await startReceiver()
    receiver.program('/', [behaviour])
    const gaveUp = new AbortController()
    const response = await post(receiver, { signal: gaveUp.signal })
    expect(response.status).toBe(200)
    const reader = response.body?.getReader()
    for (let read = 0; read < bytes; ) {
      const piece = await reader?.read()
      expect(piece?.done).toBe(false)
      read += piece?.value?.length ?? 0
    }
    gaveUp.abort()
    await receiver.until(({ posts }) => posts[0]?.ended === true)
    expect(receiver.posts[0]?.answered).toMatchObject({ status: 200 })
  })

  test('drip: a byte at a time', async () => {
    await using receiver = await startReceiver()
    receiver.program('/', [{ tag: 'drip', everyMs: 5 }])
    const sending = request(receiver.url('/'), { method: 'POST' }).end('{}')
    const [response] = await once(sending, 'response')
    const [piece] = await once(response, 'data')
    expect(piece).toHaveLength(1)
    sending.destroy()
  })

  test('reset: the connection is cut by RST, before an answer or within one', async () => {
    await using receiver = await startReceiver()
    receiver.program('/', [
      { tag: 'reset', when: 'before the answer' },
      { tag: 'reset', when: 'mid-answer' },
    ])
    expect(codeOf(await post(receiver).catch((error: unknown) => error))).toBe('ECONNRESET')
    const half = await post(receiver)
    expect(half.status).toBe(200)
    // Which one depends on what Node had read when the RST came.
    expect(codeOf(await half.text().catch((error: unknown) => error))).toMatch(/^(ECONNRESET|UND_ERR_SOCKET)$/)
    // Only the second was answered: its status and headers had left before the cut.
    expect(receiver.posts.map(({ answered }) => answered?.status ?? null)).toEqual([null, 200])
  })

  test('refuse: nobody listens, and open connections are cut, until it opens again', async () => {
    await using receiver = await startReceiver()
    const { port } = receiver
    receiver.program('/', [{ tag: 'hang' }])
    const open = post(receiver).catch((error: unknown) => error)
    await receiver.until(({ posts }) => posts.length === 1)
    await receiver.refuse()
    expect(await open).toBeInstanceOf(TypeError)
    expect(codeOf(await post(receiver).catch((error: unknown) => error))).toBe('ECONNREFUSED')
    await receiver.open()
    expect(receiver.port).toBe(port)
    expect((await post(receiver)).status).toBe(204)
  })
})

describe('until', () => {
  test('says what it waited for when that does not come', async () => {
    await using receiver = await startReceiver()
    await expect(receiver.until(({ posts }) => posts.length === 7, 10)).rejects.toThrow(/posts.length === 7.*0 POSTs/)
  })

  test('passes on what its predicate throws', async () => {
    await using receiver = await startReceiver()
    const waiting = receiver.until(({ posts }) => {
      if (posts.length > 0) throw new Error('too many')
      return false
    })
    await Promise.all([post(receiver), expect(waiting).rejects.toThrow('too many')])
  })
})
