// One way to connect to the clinical database: the settings that every connection of the daemon forces, so that text
// output, and how long a connection lives, do not depend on the role's or the database's own.
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import pg, { type ClientConfig } from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'

export interface DatabaseAddress {
  readonly url: string
  /** Node's TLS options (`ca`, `cert`, `key` as PEM); null leaves it to the URL's sslmode. */
  readonly tls: TlsOptions | null
}

const forced = [
  'datestyle=ISO',
  'intervalstyle=postgres',
  'timezone=UTC',
  'bytea_output=hex',
  'extra_float_digits=3',
  // Between two looks a connection is idle, and its end would be taken for the server's.
  'idle_session_timeout=0',
] as const

/**
 * Options for a `pg` client or pool. `extra` are further settings, `name=value`. The URL's own `options` are kept and
 * come first, so that the forced ones win.
 */
export function connectionConfig(address: DatabaseAddress, extra: readonly string[] = []): ClientConfig {
  const parsed = parseIntoClientConfig(address.url)
  const options = [parsed.options ?? '', ...[...forced, ...extra].map((setting) => `-c ${setting}`)].join(' ').trim()
  return {
    ...parsed,
    ...(address.tls === null ? {} : { ssl: address.tls }),
    options,
    application_name: 'notifyd',
    client_encoding: 'UTF8',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/**
 * A pool of ordinary connections. `onLost` hears of idle ones that the server ended, with the error. The error of one that
 * is in use reaches its query, and needs a listener of its own: without one it would end the process.
 */
export function openPool(
  address: DatabaseAddress,
  options: {
    readonly settings: readonly string[]
    readonly max: number
    /** Longer than the server's own limit: for when the network is frozen and nothing says so. */
    readonly queryTimeoutMs: number
    /** An idle connection is closed after this; 0: never. */
    readonly idleMs: number
    readonly onLost: (error: Error) => void
  },
): pg.Pool {
  const { settings, max, queryTimeoutMs, idleMs } = options
  const limits = { max, query_timeout: queryTimeoutMs, idleTimeoutMillis: idleMs }
  const pool = new pg.Pool({ ...connectionConfig(address, settings), ...limits })
  pool.on('error', options.onLost)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
