// Standard Webhooks: the trio of headers, signed with every secret of the endpoint, so that a secret can be rotated.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { Webhook } from 'standardwebhooks'

export class Signer {
  readonly #webhooks: readonly Webhook[]

  /** @param secrets `whsec_` + base64 */
  constructor(secrets: readonly string[]) {
    this.#webhooks = secrets.map((secret) => new Webhook(secret))
  }

  /** @param body the exact bytes of the request, as UTF-8 text. */
  headers(webhookId: string, at: Date, body: string): Record<string, string> {
    const seconds = Math.floor(at.getTime() / 1000)
    const headers: Record<string, string> = { 'webhook-id': webhookId, 'webhook-timestamp': String(seconds) }
    if (this.#webhooks.length > 0) {
      headers['webhook-signature'] = this.#webhooks.map((webhook) => webhook.sign(webhookId, at, body)).join(' ')
    }
    return headers
  }
}
