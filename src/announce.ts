// What the log says at the daemon's start of the ways that it uses: proxies, and a database that is reached unprotected.
import type { Log } from './base/log.js'
import { exposure } from './capture/connection.js'
import { logProxies } from './send/proxy.js'
import type { Settings } from './settings.js'

export function announce({ address, endpoints }: Settings, hasProtocols: boolean, log: Log): void {
  const reason = exposure(address)
  if (reason !== null) {
    log.warn({ reason }, 'others could read or alter what comes from the database: set database.tls, { "ca_file": … }')
  }
  logProxies(endpoints, hasProtocols, log)
}
