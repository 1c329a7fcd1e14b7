// TLS before a receiver: takes connections only with a certificate that its authority signed, and hands what they carry to
// a port on loopback. Out: the names on the certificates that were shown.
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { createServer, type TlsOptions } from 'node:tls'

export interface TlsFront extends AsyncDisposable {
  readonly port: number
  /** Common names, a connection each. */
  readonly shown: readonly string[]
}

export async function startTlsFront(options: TlsOptions, to: number): Promise<TlsFront> {
  const shown: string[] = []
  const open = new Set<{ destroy(): unknown }>()
  const server = createServer({ ...options, requestCert: true, rejectUnauthorized: true }, (socket) => {
    shown.push(String(socket.getPeerCertificate().subject.CN))
    const inner = connect(to, '127.0.0.1')
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy()).on('close', () => open.delete(one))
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    shown,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const one of open) one.destroy()
      await closed
    },
  }
}
