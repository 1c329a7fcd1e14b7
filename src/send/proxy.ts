// Which proxy an endpoint is dialled through: its own `proxy`, else the environment's. A proxy resolves and dials for us, so
// the check of the address is then the proxy's; that is said in the log at start. Never prints a proxy's credentials.
import { getProxyForUrl } from 'proxy-from-env'
import type { Log } from '../base/log.js'
import type { Endpoint } from './endpoint.js'
import { isLoopbackHost } from './url-policy.js'

/**
 * HTTPS_PROXY, else ALL_PROXY, without what NO_PROXY names; null: dialled directly. Only https goes to it (http is for one's
 * own network), and never loopback, which at the proxy would be another machine.
 */
export function environmentProxy(url: string): string | null {
  if (!URL.canParse(url)) return null
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:' || isLoopbackHost(hostname)) return null
  const proxy = getProxyForUrl(url)
  return proxy === '' ? null : proxy
}

/** Why the environment's proxy cannot be used; null: it can, or there is none. Its text is no part of the reason. */
export function environmentProxyProblem(): string | null {
  const proxy = environmentProxy('https://any.invalid')
  if (proxy === null || (/^https?:\/\//i.test(proxy) && URL.canParse(proxy))) return null
  return 'expected the http:// or https:// URL of a proxy in the environment’s HTTPS_PROXY (or ALL_PROXY)'
}

/** At start: who is dialled through what. */
export function logProxies(endpoints: readonly Endpoint[], hasProtocols: boolean, log: Log): void {
  for (const { name, proxy } of endpoints) if (proxy !== null) log.info({ endpoint: name, proxy: shown(proxy) }, notice)
  const others = environmentProxy('https://any.invalid')
  if (hasProtocols && others !== null) log.info({ endpoint: 'https URLs of protocols', proxy: shown(others) }, notice)
}

const notice = 'sent through a proxy: it resolves and dials, so url_policy cannot check the address'

const shown = (proxy: string): string => {
  const { protocol, host } = new URL(proxy)
  return `${protocol}//${host}`
}
