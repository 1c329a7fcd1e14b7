// Whether a POST is signed as Standard Webhooks says. In: headers, exact bytes, the receiver's secrets. Out: the secrets
// that vouch for it. Two verifiers have to agree, the package's and one over raw bytes that shares no code with it.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'

/** Those of `secrets` (`whsec_` + base64) for which the signature holds and the timestamp is within five minutes. */
export function vouchingSecrets(
  headers: IncomingHttpHeaders,
  body: Buffer,
  secrets: readonly string[],
): readonly string[] {
  const id = text(headers['webhook-id'])
  const timestamp = text(headers['webhook-timestamp'])
  const signature = text(headers['webhook-signature'])
  if (id === '' || timestamp === '' || signature === '') return []
  const signed = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
  return secrets.filter((secret) => holdsByBytes(secret, signed, body) && holdsByPackage(secret, signed, body))
}

interface SignatureHeaders extends Record<string, string> {
  'webhook-id': string
  'webhook-timestamp': string
  'webhook-signature': string
}

function holdsByBytes(secret: string, headers: SignatureHeaders, body: Buffer): boolean {
  const mac = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
  const expected = mac.update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`).update(body).digest()
  return headers['webhook-signature'].split(' ').some((entry) => {
    const [version, encoded = ''] = entry.split(',')
    const given = Buffer.from(encoded, 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
}

/** The package judges the timestamp too. */
function holdsByPackage(secret: string, headers: SignatureHeaders, body: Buffer): boolean {
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false })
    return true
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false
    throw error
  }
}

const text = (header: string | string[] | undefined): string => (typeof header === 'string' ? header : '')
