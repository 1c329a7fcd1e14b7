// TLS and proxies, with real ones. The certificates were made for these tests alone: `server` and `expired` (2020) are for
// localhost; they and `client` are signed by `ca`. Each file but `ca` holds its key as well.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { type Endpoint, unconfiguredEndpoint } from '../../src/send/endpoint.js'
import { Poster } from '../../src/send/post.js'
import { startConnectProxy } from '../../testbed/connect-proxy.js'

const pem = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), 'utf8')
const ca = pem('ca')
const keyAndCert = (name: string) => ({ key: pem(name), cert: pem(name) })

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one()
})

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined)
    sockets.add(socket)
  })
  undo.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const accept: RequestListener = (request, response) => {
  request.resume().on('end', () => response.writeHead(204).end())
}

async function secureServer(options: ServerOptions = keyAndCert('server'), listener = accept) {
  const server = createSecureServer(options, listener)
  let connections = 0
  server.on('secureConnection', () => {
    connections += 1
  })
  return { port: await listening(server), connections: () => connections }
}

function posterTo(url: string, given: Partial<Endpoint> = {}): Poster {
  const endpoint = { ...unconfiguredEndpoint(url), timeoutMs: 2_000, ...given }
  const policy = { allowHttp: false, allowHosts: [], allowCidrs: [] }
  const poster = new Poster({ endpoint, target: { configured: true }, policy })
  undo.push(() => poster.close())
  return poster
}

const post = (poster: Poster) => poster.post('/', ['content-type', 'application/json'], '{}')

describe('an https endpoint', () => {
  test('is posted to where its certificate is of the given authority; the connection is kept', async () => {
    const server = await secureServer()
    const poster = posterTo(`https://localhost:${server.port}`, { tls: { ca } })
    for (let times = 0; times < 8; times += 1) expect(await post(poster)).toMatchObject({ status: 204, error: null })
    // A second one is opened where the first has not yet finished its turn.
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  test.each([
    ['of an unknown authority', 'server', 'localhost', null, /^(UNABLE_TO_|SELF_SIGNED_)/],
    ['that has expired', 'expired', 'localhost', { ca }, /^CERT_HAS_EXPIRED$/],
    ['for another name', 'server', '127.0.0.1', { ca }, /^ERR_TLS_CERT_ALTNAME_INVALID$/],
  ])('with a certificate %s is a failure, and is sent nothing', async (_, name, host, tls, error) => {
    let requests = 0
    const server = await secureServer(keyAndCert(name), () => {
      requests += 1
    })
    // Node would then verify nothing, in the whole process
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    undo.push(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
    const outcome = await post(posterTo(`https://${host}:${server.port}`, { tls }))
    expect(outcome?.status).toBeNull()
    expect(outcome?.error).toMatch(error)
    expect(requests).toBe(0)
  })

  test('is shown our own certificate where it asks for one', async () => {
    const seen: string[] = []
    const asks = { ...keyAndCert('server'), ca, requestCert: true, rejectUnauthorized: true }
    const { port } = await secureServer(asks, (request, response) => {
      seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
      accept(request, response)
    })
    const url = `https://localhost:${port}`
    expect(await post(posterTo(url, { tls: { ca, ...keyAndCert('client') } }))).toMatchObject({ status: 204 })
    expect((await post(posterTo(url, { tls: { ca } })))?.status).toBeNull()
    expect(seen).toEqual(['notifyd test client'])
  })

  test('that never answers the handshake takes no longer than its time', async () => {
    const port = await listening(createTcpServer())
    const outcome = await post(posterTo(`https://localhost:${port}`, { timeoutMs: 200 }))
    expect(outcome).toMatchObject({ status: null, error: 'timeout' })
  })
})

describe('through a proxy', () => {
  test('https is tunnelled, and the endpoint’s certificate is judged', async () => {
    await using proxy = await startConnectProxy()
    const good = await secureServer()
    const expired = await secureServer(keyAndCert('expired'))
    const options = { tls: { ca }, proxy: `http://127.0.0.1:${proxy.port}` }
    expect(await post(posterTo(`https://localhost:${good.port}`, options))).toMatchObject({ status: 204 })
    expect(await post(posterTo(`https://localhost:${expired.port}`, options))).toMatchObject({
      status: null,
      error: 'CERT_HAS_EXPIRED',
    })
    expect(proxy.asked).toEqual([`localhost:${good.port}`, `localhost:${expired.port}`])
  })

  test.each([
    ['refuses', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'],
    ['is silent', null],
  ])('that %s is a failure', async (_, answer) => {
    const server = createServer()
    server.on('connect', (_request, socket: Socket) => {
      if (answer !== null) socket.end(answer)
    })
    const proxy = `http://127.0.0.1:${await listening(server)}`
    const outcome = await post(posterTo('https://localhost:9', { proxy, timeoutMs: 300 }))
    expect(outcome).toMatchObject({ status: null, error: answer === null ? 'timeout' : 'refused by the proxy' })
  })
})
