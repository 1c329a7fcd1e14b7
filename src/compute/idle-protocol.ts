// A protocol that loads and never computes: what is said of it at the start, by `check` and by `protocols list`.
import type { Log } from '../base/log.js'
import type { LoadedProtocol } from './worker-messages.js'

/** A sentence's end, after the protocol's name; null: it computes. */
export function idleReason({ idle }: Pick<LoadedProtocol, 'idle'>): string | null {
  switch (idle) {
    case null:
      return null
    case 'no change types':
      return 'never computes: its Meta names no compute_on_change_types'
    case 'abstract':
      return 'is abstract: a class to extend, and no protocol itself'
    case 'not enabled':
      return 'is skipped: its enabled() is false'
    default:
      return idle satisfies never
  }
}

/** Change types that are missing are a mistake; what is not enabled is meant. */
export function logIdle(protocols: readonly LoadedProtocol[], log: Log): void {
  for (const { name: protocol, idle } of protocols) {
    if (idle === 'no change types') log.warn({ protocol }, 'protocol never computes: its Meta names no change types')
    if (idle === 'abstract') log.info({ protocol }, 'protocol is abstract: it never computes itself')
    if (idle === 'not enabled') log.info({ protocol }, 'protocol is skipped: its enabled() is false')
  }
}
