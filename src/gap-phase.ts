// What the daemon does while a gap halts the stream: it waits for an operator's word, which the journal brings, and looks
// meanwhile at what the server keeps for the slot. Owns that nothing here streams or acknowledges: the slot stays where it is.
import { pause } from './base/backoff.js'
import { errorCode, type GapFacts } from './base/errors.js'
import { openControl } from './capture/control.js'
import { lookAtWal, type WalLook } from './capture/wal-look.js'
import type { Parts } from './daemon-parts.js'
import type { Journal } from './journal/journal.js'

const askMs = 500
const lookMs = 10_000

type GapParts = Pick<Parts, 'config' | 'settings' | 'state' | 'log' | 'signal'>

/** Returns when no gap waits any more, or `signal` ended the daemon. What is owed is paid all the while, by others. */
export async function awaitAcceptance(facts: GapFacts, journal: Journal, parts: GapParts): Promise<void> {
  const { state, log, signal } = parts
  const { slot, kind, from, to, bytes, reason } = facts
  state.phase = 'gap'
  state.gap = { facts, look: null }
  const found = { slot, kind, from, to, bytes, reason }
  log.error(found, 'a gap: the stream stands still until `notifyd gaps accept`; what is owed is paid all the same')
  using _looking = lookMeanwhile(parts, (look) => {
    state.gap = { facts, look }
  })
  do await pause(askMs, signal)
  while (!signal.aborted && journal.openGap() !== null)
  state.gap = null
  if (!signal.aborted) log.info({ slot, kind }, 'the gap was accepted')
}

/** Connects for each look: a server that stops, or that is another one by now, is asked all the same. */
function lookMeanwhile({ config, settings, log }: GapParts, looked: (look: WalLook | null) => void): Disposable {
  const { slot } = config.database
  let isOver = false
  const seen = async (): Promise<WalLook | null> => {
    const control = openControl(settings.address, () => undefined)
    try {
      return await lookAtWal(control, slot)
    } finally {
      await control.close()
    }
  }
  const look = () =>
    seen()
      .catch((error: unknown) => {
        log.debug({ slot, code: errorCode(error) }, 'the slot could not be looked at')
        return null // not known now: no old figure stands for it
      })
      .then((it) => {
        if (!isOver) looked(it)
      })
  void look()
  const timer = setInterval(() => void look(), lookMs)
  return {
    [Symbol.dispose]: () => {
      isOver = true
      clearInterval(timer)
    },
  }
}
