// `notifyd trigger`: one signed POST of an example to a configured endpoint, marked as a test. Writes nothing: it is not in the
// journal, not in the disclosure log, and takes no sequence number.
import { UsageError } from '../base/errors.js'
import type { NotificationName } from '../compute/appointment-notification.js'
import type { Endpoint } from '../send/endpoint.js'
import { postTest } from '../send/test-post.js'
import type { UrlPolicy } from '../send/url-policy.js'
import { exampleOf } from './example-request.js'
import { jsonText } from './printable.js'

export interface TriggerOptions {
  readonly notification: NotificationName
  readonly endpoint: Endpoint
  readonly policy: UrlPolicy
  readonly userAgent: string
  readonly json: boolean
}

/** @throws UsageError for an endpoint that is not enabled */
export async function trigger({ notification, endpoint, json, ...sending }: TriggerOptions) {
  if (!endpoint.enabled) {
    throw new UsageError(`endpoint ${endpoint.name} is not enabled, so nothing is sent to it: set "enabled": true`)
  }
  const { webhookId, outcome } = await postTest(endpoint, sending, { notification, body: exampleOf(notification).body })
  const error = outcome === null ? 'given up' : outcome.error
  const status = outcome?.status ?? null
  const isGood = error === null
  const told = { webhook_id: webhookId, endpoint: endpoint.name, notification, status, error }
  if (json) return { text: `${jsonText(told)}\n`, isGood }
  const text = `${notification} → ${endpoint.name} as ${webhookId}, a test: ${isGood ? `answered ${status}` : `failed, ${error}`}\n`
  return { text, isGood }
}
