// What `check` says of an endpoint, at real servers with the certificates that test/send/tls.test.ts explains.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { type Endpoint, unconfiguredEndpoint } from '../../src/send/endpoint.js'
import { inspectEndpoint } from '../../src/send/inspect-endpoint.js'

const pem = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), 'utf8')
const ca = pem('ca')
const goodUntil = Date.parse(new X509Certificate(pem('server')).validTo)
const days = (count: number) => new Date(goodUntil - count * 86_400_000)

async function rowsOf(certificate: string, given: Partial<Endpoint> & { host?: string }, now: Date, status = 204) {
  const server = createServer({ key: pem(certificate), cert: pem(certificate) }, (_, response) =>
    response.writeHead(status).end(),
  )
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const endpoint = {
      ...unconfiguredEndpoint(`https://${given.host ?? 'localhost'}:${port}/`),
      name: 'desk',
      ...given,
    }
    const policy = { allowHttp: false, allowHosts: [], allowCidrs: [] }
    const findings = await inspectEndpoint(endpoint, { policy, sendTest: true, userAgent: 'notifyd/test', now })
    return findings.map(({ level, title, found, remedy }) => `${level} ${title}: ${found} → ${remedy}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test.each<[string, string, Partial<Endpoint> & { host?: string }, Date, RegExp]>([
  ['good for long', 'server', { tls: { ca } }, days(15), /^ok endpoint desk: .*is good until \d{4}-\d\d-\d\d → null$/],
  ['good for days', 'server', { tls: { ca } }, days(13), /^warn .*is good until .* → have it renewed$/],
  ['expired', 'expired', { tls: { ca } }, days(15), /^fail .*TLS with .* fails \(CERT_HAS_EXPIRED\) → mend its/],
  ['of an unknown authority', 'server', {}, days(15), /^fail .*fails \((?:UNABLE_TO|SELF_SIGNED).*ca_file$/],
  ['for another name', 'server', { host: '127.0.0.1', tls: { ca } }, days(15), /^fail .*ALTNAME_INVALID/],
])('a certificate that is %s', async (_name, certificate, given, now, row) => {
  const [first] = await rowsOf(certificate, given, now)
  expect(first).toMatch(row)
})

test('a test notification that is answered, and one that is refused', async () => {
  const [, signature, answered] = await rowsOf('server', { tls: { ca } }, days(15))
  expect(signature).toMatch(/^warn endpoint desk, signature: no secret/)
  expect(answered).toMatch(/^ok endpoint desk, test: msg_test_\S+ was answered 204/)
  const [, , refused] = await rowsOf('server', { tls: { ca } }, days(15), 401)
  expect(refused).toMatch(/^fail endpoint desk, test: msg_test_\S+ failed: .* → look at the receiver/)
})
