// What the log says of a gap that an operator has accepted and that has grown before the daemon went on behind it. In: the gap as it
// was accepted, and as it is found now. Owns that what is taken as part of it afterwards is not taken in silence.
import type { GapFacts } from './base/errors.js'
import type { Log } from './base/log.js'
import type { Gap } from './journal/gaps.js'

export function logGrown({ id, from, to: accepted_to }: Gap, { slot, kind, to, reason }: GapFacts, log: Log): void {
  if (to === accepted_to) return
  log.warn(
    { slot, kind, gap: id, from, accepted_to, to, reason },
    'the gap that was accepted has grown since: what was written up to now is part of it',
  )
}
