// A forward proxy of the sort that stands at the edge of a hospital's network. In: CONNECT requests. Out: tunnels to loopback,
// whatever host was named, and a record of what was asked for.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number
  /** `host:port` of each CONNECT. */
  readonly asked: readonly string[]
}

/** @param credentials `user:password` that it insists on */
export async function startConnectProxy(credentials?: string): Promise<ConnectProxy> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  }
  const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
  const server = createServer()
  server.on('connect', (request, near: Socket) => {
    keep(near)
    asked.push(String(request.url))
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      return
    }
    const far = connect(Number(String(request.url).split(':').at(-1)), '127.0.0.1', () => {
      near.write('HTTP/1.1 200 Connected\r\n\r\n')
      far.pipe(near).pipe(far)
    })
    keep(far)
    far.on('close', () => near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
