// DNS answers that change between the check and the dial, from a real DNS server. The address that is judged is that of the
// connection that was made, so there is nothing between the two: what a name answers the next time changes nothing.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { unconfiguredEndpoint } from '../../src/send/endpoint.js'
import { Poster } from '../../src/send/post.js'
import { resolveAt, startDnsServer } from '../../testbed/dns-server.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { namesOfLoopback } from './hostile-urls.js'

/** Stands for a public address: everything here is loopback, and this one is allowed. */
const allowed = '127.0.0.2'
const secret = '127.0.0.1'

async function site(undo: UndoStack, answers: Parameters<typeof startDnsServer>[0]) {
  const dns = undo.use(await startDnsServer(answers))
  const resolving = resolveAt(dns)
  undo.defer(() => resolving[Symbol.dispose]())
  const open = async (address: string, port: number) => {
    const seen = { connections: 0, bytes: 0, port: 0 }
    // each POST needs a connection, and so a look-up, of its own
    const server = createServer((_, response) => response.writeHead(204, { connection: 'close' }).end())
    server.on('connection', (socket) => {
      seen.connections += 1
      socket.on('data', (chunk: Buffer) => {
        seen.bytes += chunk.length
      })
    })
    server.listen(port, address)
    await once(server, 'listening')
    undo.defer(() => server.close())
    seen.port = (server.address() as AddressInfo).port
    return seen
  }
  const post = (scheme: string, host: string, port: number) => {
    const endpoint = { ...unconfiguredEndpoint(`${scheme}://${host}:${port}`), proxy: null, timeoutMs: 5_000 }
    const policy = { allowHttp: true, allowHosts: ['public.test'], allowCidrs: [`${allowed}/32`] }
    const poster = new Poster({ endpoint, target: { configured: false }, policy })
    undo.defer(() => poster.close())
    return () => poster.post('/', ['content-type', 'application/json'], '{}')
  }
  return { dns, open, post }
}

const refused = { status: null, error: 'refused address' }

test('a name that answers an allowed address first and then loopback', async () => {
  await using undo = new UndoStack()
  const { dns, open, post } = await site(undo, { 'rebind.test': [[allowed], [secret], [allowed], [secret]] })
  const inner = await open(secret, 0)
  const outer = await open(allowed, inner.port)
  const rebind = post('http', 'rebind.test', inner.port)
  expect(await rebind()).toMatchObject({ status: 204 })
  expect(await rebind()).toMatchObject(refused)
  expect(await rebind()).toMatchObject({ status: 204 })
  expect(await rebind()).toMatchObject(refused)
  expect(await post('https', 'rebind.test', inner.port)()).toMatchObject(refused)
  // One question a dial: no answer is looked at and thrown away.
  expect(dns.asked('rebind.test')).toBe(5)
  expect([outer.connections, inner.connections, inner.bytes]).toEqual([2, 3, 0])
})

test('a name with several addresses is judged by the one that answered, not by the first', async () => {
  await using undo = new UndoStack()
  const { open, post } = await site(undo, { 'both.test': [[allowed, secret]] })
  const inner = await open(secret, 0)
  // nobody listens at the allowed one, so the next address is dialled
  expect(await post('http', 'both.test', inner.port)()).toMatchObject(refused)
  expect([inner.connections, inner.bytes]).toEqual([1, 0])
})

test('a name of allow_hosts may answer whatever it likes; names of loopback may not', async () => {
  await using undo = new UndoStack()
  const { open, post } = await site(undo, { 'public.test': [[secret]], 'nobody.test': [[]] })
  const inner = await open(secret, 0)
  expect(await post('http', 'public.test', inner.port)()).toMatchObject({ status: 204 })
  const { bytes } = inner
  for (const name of namesOfLoopback) {
    const outcome = await post('http', name, inner.port)()
    expect([name, outcome?.status]).toEqual([name, null])
  }
  expect(inner.bytes).toBe(bytes)
  expect((await post('http', 'nobody.test', inner.port)())?.error).toMatch(/^(ENOTFOUND|ENODATA)$/)
})
