// The receiver's side of Standard Webhooks, for `notifyd listen`: do one of the secrets vouch for these bytes, now? It shares no
// code with the signing, so that a mistake there is not made here too.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac, timingSafeEqual } from 'node:crypto'

const toleranceSeconds = 300

export interface SignedHeaders {
  readonly id: string | null
  /** Unix seconds. */
  readonly timestamp: string | null
  /** `v1,…`, several with blanks between. */
  readonly signature: string | null
}

/** @param secrets `whsec_` + base64 @param nowMs unix. Gives null where it holds, else what is wrong. */
export function signatureProblem(
  { id, timestamp, signature }: SignedHeaders,
  body: Buffer,
  secrets: readonly string[],
  nowMs: number,
): string | null {
  if (id === null || timestamp === null || signature === null) return 'not signed'
  if (!(Math.abs(nowMs / 1000 - Number(timestamp)) <= toleranceSeconds)) return 'signed more than five minutes from now'
  const given = signature.split(' ').flatMap((entry) => (entry.startsWith('v1,') ? entry.slice(3) : []))
  const isVouched = secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
    return given.some((text) => {
      const bytes = Buffer.from(text, 'base64')
      return bytes.length === expected.length && timingSafeEqual(bytes, expected)
    })
  })
  return isVouched ? null : 'signed with another secret, or altered'
}
