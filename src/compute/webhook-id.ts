// A notification's identity: a pure function of where its change stands in the WAL and who computed it for whom (spec
// section 7), so the same on every attempt, restart and replay.
import { createHash } from 'node:crypto'
import type { Lsn } from '../capture/lsn.js'
import type { Source } from './computed-change.js'

export interface Identity {
  readonly source: Source
  readonly commitLsn: Lsn
  readonly ordinal: number
  readonly protocol: string
  readonly endpoint: string
  /** Among the notifications of this protocol to this endpoint for this change, from 0. */
  readonly index: number
  /** 0 but for notifications that a recompute changed. */
  readonly generation: number
}

/** `msg_` and 24 characters of base64url (144 bits of SHA-256). */
export function webhookId(identity: Identity): string {
  const { source, commitLsn, ordinal, protocol, endpoint, index, generation } = identity
  const parts = [source.systemIdentifier, source.timeline, String(commitLsn), ordinal, protocol, endpoint, index]
  const text = JSON.stringify(generation === 0 ? parts : [...parts, generation])
  return `msg_${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`
}
