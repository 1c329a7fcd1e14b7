import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { unconfiguredEndpoint } from '../../src/send/endpoint.js'
import { Poster } from '../../src/send/post.js'
import type { UrlPolicy } from '../../src/send/url-policy.js'
import { accept, acceptWithLength, answer, type Behaviour } from '../../testbed/behaviour.js'
import { startReceiver } from '../../testbed/receiver.js'

const strict: UrlPolicy = { allowHttp: false, allowHosts: [], allowCidrs: [] }
const open: Poster[] = []
const servers: Server[] = []

afterEach(async () => {
  for (const poster of open.splice(0)) await poster.close()
  for (const server of servers.splice(0)) server.close()
})

function posterTo(url: string, options: { timeoutMs?: number; configured?: boolean; policy?: UrlPolicy } = {}): Poster {
  const endpoint = { ...unconfiguredEndpoint(url), timeoutMs: options.timeoutMs ?? 300 }
  const target = { configured: options.configured ?? true }
  const poster = new Poster({ endpoint, target, policy: options.policy ?? strict })
  open.push(poster)
  return poster
}

/** A bare TCP server; what it was sent. */
async function bareServer(onSocket: (socket: Socket) => void = () => undefined) {
  const received: Buffer[] = []
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => received.push(chunk))
    onSocket(socket)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, received, connections: () => connections }
}

const raw = (bytes: string): Behaviour => ({ tag: 'raw', bytes })
const chunked = 'Transfer-Encoding: chunked\r\n'
const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'

const post = (poster: Poster) => poster.post('/', ['content-type', 'application/json'], '{}')

describe('how an exchange ends', () => {
  test.each<[string, Behaviour, object]>([
    ['204', answer(204), { status: 204, error: null }],
    ['an error of the server', answer(500), { status: 500, error: 'http 500' }],
    ['gone', answer(410), { status: 410, error: 'http 410' }],
    ['Retry-After', answer(503, { 'retry-after': '7' }), { status: 503, retryAfter: '7' }],
    [
      'a redirect, which is not followed',
      answer(302, { location: 'http://169.254.169.254/' }),
      { status: 302, error: 'http 302' },
    ],
    ['no answer', { tag: 'hang' }, { status: null, error: 'timeout' }],
  ])('%s', async (_, behaviour, outcome) => {
    await using receiver = await startReceiver()
    receiver.program('/', [behaviour])
    expect(await post(posterTo(receiver.url()))).toMatchObject(outcome)
    expect(receiver.posts).toHaveLength(1)
  })

  test.each<[string, Behaviour]>([
    ['a body that never begins', { tag: 'hang after headers' }],
    ['a body that drips', { tag: 'drip', everyMs: 20 }],
    ['a reset in the middle of it', { tag: 'reset', when: 'mid-answer' }],
    ['a 204 with a length and a body', acceptWithLength],
    ['the same on a connection that stays open', { ...acceptWithLength, staysOpen: true }],
    ['a body shorter than its length', raw('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok')],
    ['a body longer than its length', raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, thanks')],
    ['a length beside chunked', raw(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${chunked}\r\n2\r\nok\r\n0\r\n\r\n`)],
    ['chunked beside a length', raw(`HTTP/1.1 200 OK\r\n${chunked}Content-Length: 7\r\n\r\n2\r\nok\r\n0\r\n\r\n`)],
    ['chunked that breaks off', raw(`HTTP/1.1 200 OK\r\n${chunked}\r\n2\r\no`)],
    ['chunked that is none', raw(`HTTP/1.1 200 OK\r\n${chunked}\r\nok`)],
    ['two equal lengths', raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok')],
    ['100 Continue, unasked', raw('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')],
    ['it twice', raw(`${'HTTP/1.1 100 Continue\r\nX: y\r\n\r\n'.repeat(2)}HTTP/1.1 204 No Content\r\n\r\n`)],
    ['another interim answer', raw(`${early}HTTP/1.1 204 No Content\r\n\r\n`)],
    [
      'it and two equal lengths in one piece',
      raw(`${early}HTTP/1.1 200 OK\r\n${'Content-Length: 2\r\n'.repeat(2)}\r\nok`),
    ],
    ['several, of several kinds', raw(`${early}HTTP/1.1 102 P\r\n\r\n${goOn}${early}HTTP/1.1 204 No Content\r\n\r\n`)],
    ['a list of equal lengths', raw('HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok')],
    ['the same twice', raw(`HTTP/1.1 200 OK\r\n${'content-length: 2 ,2\r\n'.repeat(2)}\r\nok`)],
    ['a list beside chunked', raw(`HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n${chunked}\r\n2\r\nok\r\n0\r\n\r\n`)],
    [
      'another interim answer before a length beside chunked',
      raw(`HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n${chunked}\r\n2\r\nok\r\n0\r\n\r\n`),
    ],
    ['no length, and the end of the connection', raw('HTTP/1.0 200 OK\r\n\r\nok')],
    ['60 KB of headers', raw(`HTTP/1.1 200 OK\r\n${`X-Trace: ${'a'.repeat(991)}\r\n`.repeat(60)}\r\n`)],
  ])('a 2xx is one, whatever its headers are followed by: %s', async (_, behaviour) => {
    await using receiver = await startReceiver()
    receiver.program('/', [behaviour, answer(500), accept])
    const poster = posterTo(receiver.url(), { timeoutMs: 5_000 })
    expect(await post(poster)).toMatchObject({ error: null })
    // What was odd about one answer is no part of the next.
    expect(await post(poster)).toMatchObject({ status: 500, error: 'http 500' })
    expect(await post(poster)).toMatchObject({ status: 204, error: null })
    expect(receiver.posts).toHaveLength(3)
  })

  test('a 2xx that came piece by piece is one', async () => {
    const pieces = [
      ...'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ]
    const { port } = await bareServer(async (socket) => {
      socket.setNoDelay(true)
      await once(socket, 'data')
      for (const piece of pieces) await new Promise((resolve) => socket.write(piece, () => setImmediate(resolve)))
    })
    expect(await post(posterTo(`http://127.0.0.1:${port}/`, { timeoutMs: 5_000 }))).toMatchObject({
      status: 200,
      error: null,
    })
  })

  test.each<[string, Behaviour, object]>([
    ['reset before an answer', { tag: 'reset', when: 'before the answer' }, { status: null, error: 'ECONNRESET' }],
    ['an end before an answer', raw(''), { status: null, error: 'connection closed' }],
    ['an end within the headers', raw('HTTP/1.1 200 OK\r\nX: '), { status: null, error: 'connection closed' }],
    [
      'an error that breaks off',
      raw('HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n'),
      { status: 500, error: 'connection closed' },
    ],
    ['only an interim answer', raw('HTTP/1.1 100 Continue\r\n\r\n'), { status: null, error: 'connection closed' }],
    [
      'two lengths that differ',
      raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'),
      { status: null, error: 'unreadable answer' },
    ],
    [
      'too many headers',
      raw(`HTTP/1.1 200 OK\r\n${`X: ${'a'.repeat(996)}\r\n`.repeat(70)}\r\n`),
      { status: null, error: 'answer headers too large' },
    ],
    [
      'a list of lengths that differ',
      raw('HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok'),
      { status: null, error: 'unreadable answer' },
    ],
    [
      'lines that end with LF alone',
      raw('HTTP/1.1 200 OK\nContent-Length: 0\n\n'),
      { status: null, error: 'unreadable answer' },
    ],
    [
      'such a line behind an interim answer',
      raw(`${early}HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n`),
      { status: null, error: 'unreadable answer' },
    ],
    ['another protocol', raw('SSH-2.0-OpenSSH_9.2\r\n'), { status: null, error: 'unreadable answer' }],
  ])('%s is a failure, and has a name that docs/errors.md explains', async (_, behaviour, outcome) => {
    await using receiver = await startReceiver()
    receiver.program('/', [behaviour])
    expect(await post(posterTo(receiver.url(), { timeoutMs: 5_000 }))).toMatchObject(outcome)
  })

  test('an endless body is cut at 64 KiB; the status counts', async () => {
    await using receiver = await startReceiver()
    receiver.program('/', [{ tag: 'endless body' }])
    expect(await post(posterTo(receiver.url(), { timeoutMs: 5_000 }))).toMatchObject({ status: 200, error: null })
  })

  test('nobody listens', async () => {
    await using receiver = await startReceiver()
    const url = receiver.url()
    await receiver.refuse()
    expect(await post(posterTo(url))).toEqual({ status: null, error: 'ECONNREFUSED', retryAfter: null, isStale: false })
  })

  test('what is no HTTP, and a name that nobody knows', async () => {
    const { port } = await bareServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    expect((await post(posterTo(`http://127.0.0.1:${port}/`)))?.status).toBeNull()
    const unknown = await post(
      posterTo('http://name.invalid/', { policy: { ...strict, allowHttp: true }, timeoutMs: 5_000 }),
    )
    expect(unknown?.error).toMatch(/^(ENOTFOUND|EAI_AGAIN|timeout)$/)
  })

  test('a kept-alive connection that the server closed is known for stale', async () => {
    const answers = ['HTTP/1.1 204 No Content\r\n\r\n']
    const { port } = await bareServer((socket) => {
      socket.on('data', () => {
        const next = answers.shift()
        if (next === undefined) socket.resetAndDestroy()
        else socket.write(next)
      })
    })
    const poster = posterTo(`http://127.0.0.1:${port}/`)
    expect(await post(poster)).toMatchObject({ status: 204, isStale: false })
    expect(await post(poster)).toMatchObject({ status: null, isStale: true })
    // This one was made anew: the server resets what is new, too.
    expect(await post(poster)).toMatchObject({ status: null, isStale: false })
  })

  test('abort: no outcome', async () => {
    await using receiver = await startReceiver()
    receiver.program('/', [{ tag: 'hang' }])
    const poster = posterTo(receiver.url(), { timeoutMs: 60_000 })
    const posting = post(poster)
    await receiver.until(({ posts }) => posts.length === 1)
    poster.abort()
    expect(await posting).toBeNull()
  })
})

describe('the address that is dialled', () => {
  test('is checked before a byte leaves, for plain HTTP and before TLS', async () => {
    const bare = await bareServer()
    for (const scheme of ['http', 'https']) {
      const poster = posterTo(`${scheme}://localhost:${bare.port}/`, {
        configured: false,
        policy: { ...strict, allowHttp: true },
      })
      expect(await post(poster)).toMatchObject({ status: null, error: 'refused address' })
    }
    expect(bare.connections()).toBe(2)
    expect(Buffer.concat(bare.received)).toHaveLength(0)
  })

  test('may be allowed', async () => {
    await using receiver = await startReceiver()
    const policy = { allowHttp: true, allowHosts: ['127.0.0.1'], allowCidrs: [] }
    expect(await post(posterTo(receiver.url(), { configured: false, policy }))).toMatchObject({ status: 204 })
  })
})
