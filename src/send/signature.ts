// Standard Webhooks: the trio of headers, signed with every secret of the endpoint, so that a secret can be rotated.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

export class Signer {
  readonly #keys: readonly KeyObject[]

  /** @param secrets `whsec_` + base64 */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => createSecretKey(secret.replace(/^whsec_/, ''), 'base64'))
  }

  /** Adds names and values in turn. @param body the exact bytes of the request, as UTF-8 text. */
  addHeaders(headers: string[], webhookId: string, at: Date, body: string): void {
    const seconds = Math.floor(at.getTime() / 1000)
    headers.push('webhook-id', webhookId, 'webhook-timestamp', String(seconds))
    if (this.#keys.length === 0) return
    const signed = `${webhookId}.${seconds}.${body}`
    headers.push('webhook-signature', this.#keys.map((key) => `v1,${hmac(key, signed)}`).join(' '))
  }
}

const hmac = (key: KeyObject, text: string): string => createHmac('sha256', key).update(text).digest('base64')
