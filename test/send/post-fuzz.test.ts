// What answers a POST may be anything: bytes that are no HTTP, half an answer, an answer in drips, an answer and then more.
// Every exchange ends, within its time, with an outcome that names a class and never the bytes.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Endpoint, unconfiguredEndpoint } from '../../src/send/endpoint.js'
import { Poster } from '../../src/send/post.js'
import { decide } from '../../src/send/retry-policy.js'

interface Answer {
  readonly bytes: Uint8Array
  /** It is written in pieces of so many bytes. */
  readonly piece: number
  readonly after: 'keep open' | 'end' | 'reset'
}

/** Answers each request with the next of `answers`. */
async function startServer(answers: Answer[]) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => {
      const answer = answers.shift()
      if (answer === undefined) return
      const { bytes, piece, after } = answer
      for (let at = 0; at < bytes.length; at += piece) socket.write(bytes.subarray(at, at + piece))
      if (after === 'end') socket.end()
      if (after === 'reset') socket.resetAndDestroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, [Symbol.dispose]: () => void server.close() }
}

const good = [
  'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nretry-after: 5\r\n\r\nok',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 503 Later\r\nretry-after: 99999999999999\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
]
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  // A true answer, cut, or with some bytes changed, or with more behind it.
  fc
    .record({
      text: fc.constantFrom(...good),
      length: fc.nat({ max: 140 }),
      edits: fc.array(fc.tuple(fc.nat({ max: 140 }), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      more: fc.uint8Array({ maxLength: 20 }),
    })
    .map(({ text, length, edits, more }) => {
      const cut = Buffer.from(text).subarray(0, length)
      for (const [at, byte] of edits) if (at < cut.length) cut[at] = byte
      return new Uint8Array(Buffer.concat([cut, more]))
    }),
)
const answer: fc.Arbitrary<Answer> = fc.record({
  bytes,
  piece: fc.constantFrom(1, 7, 1000),
  after: fc.constantFrom('keep open', 'end', 'reset'),
})

const dials = fc.constantFrom<(url: string) => Pick<Endpoint, 'url' | 'proxy'>>(
  (url) => ({ url, proxy: null }),
  // What answers is no TLS, behind the TCP connection or behind the proxy's answer to CONNECT; or is the proxy itself.
  (url) => ({ url: url.replace('http:', 'https:'), proxy: null }),
  (url) => ({ url: 'https://hooks.example.org/', proxy: url }),
  (url) => ({ url: 'http://hooks.example.org/', proxy: url }),
)

const first = { number: 1, steps: 0, dueInMs: null }

test('every answer ends the exchange, one after the other on the same poster', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(dials, fc.array(answer, { minLength: 1, maxLength: 4 }), async (dial, answers) => {
      using server = await startServer([...answers])
      const endpoint = { ...unconfiguredEndpoint(server.url), ...dial(server.url), timeoutMs: 60 }
      const policy = { allowHttp: false, allowHosts: [], allowCidrs: [] }
      const poster = new Poster({ endpoint, target: { configured: true }, policy })
      try {
        for (const _ of answers) {
          const outcome = await poster.post('/', ['content-type', 'application/json'], '{}')
          if (outcome === null) throw new Error('nobody gave it up')
          expect(outcome.error ?? '').toMatch(/^[\w ]*$/)
          if (outcome.error === null)
            expect(outcome.status).toSatisfy((status: number) => status >= 200 && status < 300)
          const now = Date.now()
          const decision = decide(outcome, first, [5], now, 0.5)
          if (decision.tag === 'retry') expect(decision.waitMs).toBeLessThanOrEqual(24 * 3_600_000)
        }
      } finally {
        await poster.close()
      }
    }),
    { numRuns: 80 },
  )
})

test('any Retry-After leaves the next attempt between the schedule and a day', () => {
  const header = fc.oneof(
    fc.string(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.integer().map(String),
    fc.bigInt().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  )
  const now = Date.parse('2026-11-23T12:00:00Z')
  fc.assert(
    fc.property(header, fc.constantFrom(429, 503, 500, 200, 410), (retryAfter, status) => {
      const decision = decide(
        { status, error: status === 200 ? null : 'http', retryAfter, isStale: false },
        first,
        [5],
        now,
        0,
      )
      if (decision.tag !== 'retry') return
      expect(decision.waitMs).toBeGreaterThanOrEqual(4000)
      expect(decision.waitMs).toBeLessThanOrEqual(24 * 3_600_000)
      expect(decision.pauseMs ?? 0).toBeLessThanOrEqual(24 * 3_600_000)
    }),
    { numRuns: 300 },
  )
})
