// The daemon behind a real CONNECT proxy: TLS end to end to an endpoint whose name only the proxy can resolve. The
// certificate `far` was made for these tests alone.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { startConnectProxy } from '../../testbed/connect-proxy.js'
import { openSite, quickRetries } from '../support/site.js'

const certificate = fileURLToPath(new URL('fixtures/far.pem', import.meta.url))

async function farEndpoint() {
  const pem = readFileSync(certificate)
  const bodies: string[] = []
  const server = createServer({ key: pem, cert: pem }, async (request, response) => {
    bodies.push(String(Buffer.concat(await request.toArray())))
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { host: `hooks.example.org:${port}`, bodies, [Symbol.dispose]: close }
}

test('HTTPS_PROXY carries https endpoints, and not those of loopback or NO_PROXY; its password is never shown', async () => {
  using far = await farEndpoint()
  await using proxy = await startConnectProxy('notifyd:s3cret')
  await using site = await openSite()
  const { endpoints, ...config } = site.config as { endpoints: object[] }
  const tls = { ca_file: certificate }
  const named = (name: string, host: string) => ({ name, url: `https://${host}/hook`, tls, ...quickRetries })
  const direct = named('direct', `direct.invalid:${far.host.split(':')[1]}`)
  await site.configure({ ...config, endpoints: [...endpoints, named('far', far.host), direct] })
  const url = `http://notifyd:s3cret@127.0.0.1:${proxy.port}`
  const daemon = site.spawn(['run'], { HTTPS_PROXY: url, NO_PROXY: 'direct.invalid' })
  await daemon.line('streaming')
  const notices = daemon.lines.filter(({ msg }) => String(msg).startsWith('sent through a proxy'))
  expect(notices).toMatchObject([{ level: 'info', endpoint: 'far', proxy: `http://127.0.0.1:${proxy.port}` }])

  await new Clinic(site.client).book({ patient: null })
  await daemon.line(({ msg, endpoint }) => msg === 'notification delivered' && endpoint === 'far')
  await site.receiver.until(({ delivered }) => delivered.length === 1)
  const failed = await daemon.line(({ msg, endpoint }) => msg === 'notification failed' && endpoint === 'direct')
  expect(failed['error']).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/)
  expect(far.bodies).toEqual(site.receiver.delivered.map(({ rawBody }) => rawBody.toString()))
  expect(new Set(proxy.asked)).toEqual(new Set([far.host]))
  await daemon.stop()
  expect(`${daemon.stdout}${daemon.stderr}`).not.toContain('s3cret')
})
