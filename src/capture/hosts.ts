// A database.url of several hosts (`postgres://u@h1:5432,h2:5432/db?target_session_attrs=read-write`): each connection tries them in
// turn and goes to the one that is the primary. Owns that a standby is never taken for it.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
import pg, { type ClientConfig } from 'pg'
import { errorCode, judge, StreamError } from '../base/errors.js'

/** The URL once for each of its hosts. */
export function hostUrls(url: string): readonly string[] {
  const [, before = '', hosts = '', after = ''] = /^(\w+:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/.exec(url) ?? []
  return hosts.includes(',') ? hosts.split(',').map((host) => `${before}${host}${after}`) : [url]
}

/** Why the URL's hosts, or which of them it asks for, are none for us; null: nothing is wrong. */
export function hostsProblem(url: string): string | null {
  if (/[?&]host=[^&]*(?:,|%2c)/i.test(url)) {
    return 'expected several hosts before the database: postgres://user@host1:5432,host2:5432/database'
  }
  const wanted = /[?&]target_session_attrs=([^&]*)/.exec(url)?.[1] ?? 'any'
  if (['any', 'primary', 'read-write'].includes(wanted)) return null
  return `its target_session_attrs can only be read-write or primary: a slot is followed on the primary, and not on one that is ${wanted}`
}

/** For each host, before the next one is tried. */
export const probeMs = 3_000

type Place = Pick<ClientConfig, 'host' | 'port'>

/**
 * A client that looks for the primary among `places` when it connects: as good as one of pg's own, in a pool too. With one
 * place it is that, whatever it is.
 */
export function primaryClient(places: readonly ClientConfig[]): typeof pg.Client {
  if (places.length < 2) return pg.Client
  return class extends pg.Client {
    override connect(): Promise<this>
    override connect(callback: (error: Error) => void): undefined
    override connect(callback?: (error: Error) => void): Promise<this> | undefined {
      const placed = choose(places).then(({ host, port }) => {
        Object.assign(this, { host, port })
      })
      if (callback === undefined) return placed.then(() => super.connect()).then(() => this)
      placed.then(() => super.connect(callback), callback)
      return undefined
    }
  }
}

/** @throws StreamError `NO_PRIMARY`; what the first of them says that no retry mends. */
async function choose(places: readonly ClientConfig[]): Promise<Place> {
  const seen: string[] = []
  for (const place of places) {
    const { host, port = 5432 } = place
    const client = new pg.Client({ ...place, connectionTimeoutMillis: probeMs })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
      if (rows[0]?.standby === false) return { host, port }
      seen.push(`${host}:${port} is a standby`)
    } catch (error) {
      if (judge(error).tag === 'stop') throw error
      seen.push(`${host}:${port} does not answer (${errorCode(error) ?? 'no code'})`)
    } finally {
      // One that never came about may never end either, and that it does not is no news: nothing was to be kept of it.
      client.end().catch(() => undefined)
    }
  }
  throw new StreamError('NO_PRIMARY', `none of the hosts in database.url is the primary now: ${seen.join(', ')}`)
}
