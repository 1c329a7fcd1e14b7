// One POST outside the journal: of nobody real, signed as the endpoint's own are, under an id that begins with `msg_test_` and
// without a sequence number, so that no receiver takes it for a hole or an end of one.
import { randomBytes } from 'node:crypto'
import type { Delivery } from '../journal/delivery.js'
import type { Endpoint } from './endpoint.js'
import { Poster } from './post.js'
import { RequestHeaders } from './request-headers.js'
import type { Outcome } from './retry-policy.js'
import type { UrlPolicy } from './url-policy.js'

export interface TestPost {
  /** Its `notification-type`. */
  readonly notification: string
  readonly body: string
}

/** For receivers that act on what they get: this is none of theirs to act on. */
export const testMark = ['notification-test', 'true'] as const

/** Null outcome: given up. Never rejects. */
export async function postTest(
  endpoint: Endpoint,
  { policy, userAgent }: { readonly policy: UrlPolicy; readonly userAgent: string },
  { notification, body }: TestPost,
): Promise<{ readonly webhookId: string; readonly outcome: Outcome | null }> {
  const webhookId = `msg_test_${randomBytes(12).toString('base64url')}`
  const own = { webhookId, endpoint: endpoint.name, notification, headers: {}, body, sequence: null }
  const clinical = { commitLsn: null, committedAt: null, appointmentExternalId: null }
  const delivery: Delivery = { ...own, ...clinical, id: 0, url: null, lane: '', attempts: 0, wait: null }
  const poster = new Poster({ endpoint, target: { configured: true }, policy })
  const { pathname, search } = new URL(endpoint.url)
  try {
    const headers = [...new RequestHeaders(endpoint, userAgent).of(delivery, 1, new Date()), ...testMark]
    return { webhookId, outcome: await poster.post(`${pathname}${search}`, headers, body) }
  } finally {
    await poster.close()
  }
}
