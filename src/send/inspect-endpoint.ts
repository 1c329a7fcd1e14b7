// An endpoint as `check` looks at it: does its name resolve, may its addresses be dialled, does TLS stand, for how long is its
// certificate good. With `sendTest` one signed POST of the notification `test`.
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { errorCode } from '../base/errors.js'
import { type Finding, fail, ok, warn } from '../capture/finding.js'
import { oursAlone } from './attempt-errors.js'
import type { Endpoint } from './endpoint.js'
import { isNotSent } from './retry-policy.js'
import { postTest } from './test-post.js'
import { refusedAddress, type UrlPolicy } from './url-policy.js'

export interface EndpointCheck {
  readonly policy: UrlPolicy
  readonly sendTest: boolean
  readonly userAgent: string
  readonly now: Date
}

const answerMs = 5_000
const soonMs = 14 * 86_400_000

export async function inspectEndpoint(endpoint: Endpoint, check: EndpointCheck): Promise<readonly Finding[]> {
  const title = `endpoint ${endpoint.name}`
  if (!endpoint.enabled) return [warn(title, 'disabled: what it asks for is owed, and not sent', 'enabled: true')]
  const findings = [await reach(title, endpoint, check)]
  if (endpoint.secrets.length === 0) {
    const remedy = `endpoints[…].secrets: ["whsec_…"], from: echo "whsec_$(openssl rand -base64 24)"`
    findings.push(warn(`${title}, signature`, 'no secret: receivers cannot tell that a POST is ours', remedy))
  }
  if (check.sendTest) findings.push(await test(`${title}, test`, endpoint, check))
  return findings
}

async function reach(title: string, endpoint: Endpoint, { policy, now }: EndpointCheck): Promise<Finding> {
  const { protocol, hostname, port, host } = new URL(endpoint.url)
  if (endpoint.proxy !== null) return ok(title, `${host}, through a proxy, which resolves and dials`)
  const name = hostname.replace(/^\[|\]$/g, '')
  const unreached = 'nothing is lost: what it is owed is tried again for more than three days'
  let addresses: string[]
  try {
    addresses = (await lookup(name, { all: true })).map(({ address }) => address)
  } catch (error) {
    return warn(title, `${name} does not resolve (${errorCode(error) ?? 'unknown'})`, `is the name right? ${unreached}`)
  }
  for (const address of addresses) {
    const reason = refusedAddress(address, name, { configured: true }, policy)
    if (reason !== null) return fail(title, `${name} is ${address}, which is not dialled`, reason)
  }
  const isSecure = protocol === 'https:'
  const target = { host: name, port: Number(port || (isSecure ? 443 : 80)) }
  try {
    if (!isSecure) {
      await connected(connectPlain(target), 'connect')
      return ok(title, `${host} answers; over plain http`)
    }
    const socket = connectTls({
      ...target,
      ...endpoint.tls,
      rejectUnauthorized: true,
      ...(isIP(name) === 0 && { servername: name }),
    })
    const certificate = await connected(socket, 'secureConnect', () => socket.getPeerCertificate())
    return certificateFinding(title, host, certificate.valid_to, now)
  } catch (error) {
    const code = errorCode(error) ?? 'unknown'
    if (/CERT|ALTNAME|SELF_SIGNED|UNABLE_TO|ERR_SSL|ERR_TLS/.test(code)) {
      const remedy = 'mend its certificate, or name its CA in endpoints[…].tls.ca_file'
      return fail(title, `TLS with ${host} fails (${code})`, remedy)
    }
    return warn(title, `${host} does not answer (${code})`, `is it up? ${unreached}`)
  }
}

function certificateFinding(title: string, host: string, validTo: string, now: Date): Finding {
  const ends = Date.parse(validTo)
  const found = `${host} answers; TLS stands, its certificate is good until ${new Date(ends).toISOString().slice(0, 10)}`
  return ends - now.getTime() > soonMs ? ok(title, found) : warn(title, found, 'have it renewed')
}

/** @throws what the socket does, or ETIMEDOUT. */
async function connected<S extends Socket | TLSSocket, T>(
  socket: S,
  event: string,
  look: () => T = () => undefined as T,
): Promise<T> {
  try {
    await once(socket, event, { signal: AbortSignal.timeout(answerMs) })
    return look()
  } catch (error) {
    if (errorCode(error) !== 'ABORT_ERR') throw error
    throw Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
  } finally {
    socket.on('error', () => undefined).destroy()
  }
}

async function test(title: string, endpoint: Endpoint, check: EndpointCheck): Promise<Finding> {
  const { webhookId, outcome } = await postTest(endpoint, check, { notification: 'test', body: '{"test":true}' })
  if (outcome !== null && isNotSent(outcome))
    return fail(title, `${webhookId} could not be sent (${outcome.notSent})`, oursAlone[outcome.notSent])
  if (outcome?.error === null) return ok(title, `${webhookId} was answered ${outcome.status}`)
  const isAnswered = outcome !== null && outcome.status !== null
  const remedy = isAnswered
    ? 'look at the receiver: does it take notification-type: test, and is the secret the same?'
    : 'nobody answered: is the url right, and is the receiver up and to be reached from here? (`notifyd listen` is one to try)'
  return fail(title, `${webhookId} failed: ${outcome?.error ?? 'given up'}`, remedy)
}
