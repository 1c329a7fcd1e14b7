// How much of the daemon the status port may take. In: an HTTP server. Owns that whoever holds connections to it, and says
// nothing, uses up no descriptors that deliveries need, and keeps nobody else from asking.
import type { Server, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'

export interface StatusLimits {
  /** Open at a time; at one more the oldest is closed. */
  readonly connections: number
  /** For a request's headers, for a whole request, and for a connection that says or takes nothing. */
  readonly quietMs: number
}

export const statusLimits: StatusLimits = { connections: 64, quietMs: 5_000 }

/** Node looks for what is too late every 30 s unless it is told otherwise. */
export const serverOptions = ({ quietMs }: StatusLimits): ServerOptions => ({
  headersTimeout: quietMs,
  requestTimeout: quietMs,
  keepAliveTimeout: quietMs,
  connectionsCheckingInterval: Math.min(quietMs, 1_000),
})

/**
 * A limit that refuses the newcomer would let a process that holds connections keep a probe out; so the oldest goes, which has
 * had its time.
 */
export function bound(server: Server, { connections, quietMs }: StatusLimits): void {
  server.setTimeout(quietMs)
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const [oldest] = open
    if (open.size > connections && oldest !== undefined) {
      open.delete(oldest)
      oldest.destroy()
    }
  })
}
