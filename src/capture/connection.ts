// One way to connect to the clinical database: the settings that every connection of the daemon forces, so that text
// output, and how long a connection lives, do not depend on the role's or the database's own.
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import pg, { type ClientConfig } from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import { hostUrls, primaryClient, probeMs } from './hosts.js'

export interface DatabaseAddress {
  readonly url: string
  /** Node's TLS options (`ca`, `cert`, `key` as PEM); null leaves it to the URL's sslmode. */
  readonly tls: TlsOptions | null
}

const answerMs = 10_000

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
  const [first = address.url, ...others] = hostUrls(address.url)
  const config = configOf({ ...address, url: first }, extra)
  const lookingMs = others.length === 0 ? 0 : (others.length + 1) * probeMs
  return { ...config, connectionTimeoutMillis: answerMs + lookingMs }
}

/** The class of client for it: where the URL has several hosts, one that goes to the primary among them. */
export const clientClass = (address: DatabaseAddress): typeof pg.Client =>
  primaryClient(hostUrls(address.url).map((url) => configOf({ ...address, url }, [])))

function configOf(address: DatabaseAddress, extra: readonly string[]): ClientConfig {
  const parsed = parseIntoClientConfig(address.url)
  const options = [parsed.options ?? '', ...[...forced, ...extra].map((setting) => `-c ${setting}`)].join(' ').trim()
  const ssl = verified(address.tls ?? parsed.ssl)
  return {
    ...parsed,
    ...(ssl === undefined ? {} : { ssl }),
    options,
    application_name: 'notifyd',
    client_encoding: 'UTF8',
    connectionTimeoutMillis: answerMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

/**
 * Verification is on unless the URL itself turns it off, whatever NODE_TLS_REJECT_UNAUTHORIZED says. A copy: pg makes the
 * `key` of what it is given invisible.
 */
function verified(ssl: ClientConfig['ssl']): ClientConfig['ssl'] {
  if (ssl === true) return { rejectUnauthorized: true }
  return typeof ssl === 'object' ? { rejectUnauthorized: true, ...ssl } : ssl
}

/**
 * Why somebody on the way to the server could read or stand in for it; null: nobody can, or there is no way. Dials nothing.
 * @throws what cannot be read in the URL, or in a file that it names
 */
export function exposure(address: DatabaseAddress): string | null {
  for (const url of hostUrls(address.url)) {
    const exposed = exposureOf({ ...address, url })
    if (exposed !== null) return exposed
  }
  return null
}

function exposureOf(address: DatabaseAddress): string | null {
  const client = new pg.Client(configOf(address, []))
  const { host } = client
  if (host.startsWith('/') || /^(localhost|127(\.\d+){3}|::1)$/i.test(host)) return null
  const ssl: unknown = client.ssl
  if (ssl === false) return 'not encrypted'
  if (typeof ssl !== 'object' || ssl === null) return null
  if ('rejectUnauthorized' in ssl && ssl.rejectUnauthorized === false) return 'the server’s certificate is not verified'
  return 'checkServerIdentity' in ssl ? 'the server’s name is not verified' : null
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
  const onConnect = async (client: pg.ClientBase) => {
    client.on('error', () => undefined)
    await client.query(bytesAsTheyAre)
  }
  const pool = new pg.Pool({
    ...connectionConfig(address, settings),
    ...limits,
    onConnect,
    Client: clientClass(address),
  })
  pool.on('error', options.onLost)
  return pool
}

/** A database without an encoding would refuse each row and each name that is not UTF-8; pg reads them as if they were. */
const bytesAsTheyAre = `SELECT set_config('client_encoding', 'SQL_ASCII', false) WHERE getdatabaseencoding() = 'SQL_ASCII'`
