import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { unconfiguredEndpoint } from '../../src/send/endpoint.js'
import { Poster } from '../../src/send/post.js'
import type { UrlPolicy } from '../../src/send/url-policy.js'
import { answer, type Behaviour } from '../../testbed/behaviour.js'
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

  test.each<[string, Behaviour, object]>([
    ['hang after the headers', { tag: 'hang after headers' }, { status: 200, error: 'timeout' }],
    ['drip', { tag: 'drip', everyMs: 20 }, { status: 200, error: 'timeout' }],
    ['reset before an answer', { tag: 'reset', when: 'before the answer' }, { status: null }],
    ['reset within an answer', { tag: 'reset', when: 'mid-answer' }, { status: 200 }],
  ])('%s is a failure', async (_, behaviour, outcome) => {
    await using receiver = await startReceiver()
    receiver.program('/', [behaviour])
    const ended = await post(posterTo(receiver.url()))
    expect(ended).toMatchObject(outcome)
    expect(ended?.error).not.toBeNull()
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
