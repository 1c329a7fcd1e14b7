// Which URLs and which addresses may be dialled (spec section 7). Pure. The address is checked after resolution, so that
// neither a spelling (0x7f.1, ::ffff:10.0.0.1) nor a DNS answer that changes gets around it.
import ipaddr from 'ipaddr.js'

/** https://www.iana.org/assignments/ipv6-address-space */
const globalUnicast = ipaddr.parseCIDR('2000::/3')

export interface UrlPolicy {
  /** http to hosts other than loopback. */
  readonly allowHttp: boolean
  /** Host names that may have any address. */
  readonly allowHosts: readonly string[]
  readonly allowCidrs: readonly string[]
}

export interface Target {
  /** Named in the config by the operator: may be loopback, over http too. */
  readonly configured: boolean
}

/** Public by their numbers, and yet a cloud's own: Azure's metadata and DNS. */
const metadata: ReadonlySet<string> = new Set(['168.63.129.16'])

/** Why a URL is refused before anything is dialled; null: it is not. `url` is never part of the reason. */
export function refusedUrl(url: string, target: Target, policy: UrlPolicy): string | null {
  if (!URL.canParse(url)) return 'expected an absolute URL'
  const { protocol, hostname, username, password } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return 'expected https'
  if (username !== '' || password !== '') return 'expected a URL without user and password: use headers'
  const host = withoutBrackets(hostname)
  const isAddress = ipaddr.isValid(host)
  const isLoopback = isLoopbackHost(hostname)
  if (
    protocol === 'http:' &&
    !policy.allowHttp &&
    !(isLoopback && (target.configured || isAllowedHost(host, policy)))
  ) {
    return 'expected https: http is for loopback, or url_policy.allow_http'
  }
  return isAddress ? refusedAddress(host, host, target, policy) : null
}

/** By its spelling: a name for it, or an address (IPv6 in brackets, as URLs have it). */
export function isLoopbackHost(hostname: string): boolean {
  const host = withoutBrackets(hostname)
  return ipaddr.isValid(host) ? rangeOf(host) === 'loopback' : /^(?:.+\.)?localhost\.?$/i.test(host)
}

/** Why an address that `host` was resolved to is refused; null: it is not. */
export function refusedAddress(address: string, host: string, target: Target, policy: UrlPolicy): string | null {
  const range = rangeOf(address)
  if (range === 'public') return null
  if (range === 'loopback' && target.configured) return null
  if (isAllowedHost(host, policy) || isAllowedAddress(address, policy)) return null
  return `expected a public address: this one is ${range}; see url_policy.allow_hosts and allow_cidrs`
}

function rangeOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'no address'
  const parsed = ipaddr.process(address)
  if (metadata.has(parsed.toString())) return 'metadata'
  const range = parsed.range()
  if (range !== 'unicast') return range
  // Outside 2000::/3 nothing is assigned; ::7f00:1 is an old way to write 127.0.0.1.
  const isGlobal = parsed.kind() === 'ipv4' || parsed.match(globalUnicast)
  return isGlobal ? 'public' : 'reserved'
}

function isAllowedHost(host: string, { allowHosts }: UrlPolicy): boolean {
  if (allowHosts.length === 0) return false
  const name = canonicalHost(host)
  return name !== null && allowHosts.some((allowed) => canonicalHost(allowed) === name)
}

/**
 * One spelling for each host, the one that URLs have: lower case, IDNA, an address in its shortest form and without brackets,
 * no dot at the end. Null: no host (a port, a wildcard).
 */
export function canonicalHost(text: string): string | null {
  const host = withoutBrackets(text)
  const url = `https://${ipaddr.IPv6.isValid(host) ? `[${host}]` : host}`
  if (/[*/\\?#@\s]/.test(host) || !URL.canParse(url)) return null
  const { hostname, port } = new URL(url)
  if (port !== '' || (/:\d*$/.test(host) && !ipaddr.IPv6.isValid(host))) return null
  const name = withoutBrackets(hostname).replace(/\.$/, '')
  return ipaddr.isValid(name) ? ipaddr.process(name).toString() : name
}

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

function isAllowedAddress(address: string, { allowCidrs }: UrlPolicy): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return allowCidrs.some((cidr) => {
    const [network, bits] = ipaddr.parseCIDR(cidr)
    return network.kind() === parsed.kind() && parsed.match(network, bits)
  })
}
