// What the daemon is told by signals. Loaded first, and with nothing beside it: a signal that came while the rest of the program
// was loading would end the process by itself, with another status than the one that is documented.
import { Hangups } from './hangups.js'

export interface ProcessSignals {
  /** Aborted at the first SIGTERM or SIGINT; a second one ends the process at once. Nothing is lost either way. */
  readonly stop: AbortSignal
  /** SIGHUP. */
  readonly hangups: Hangups
}

export function listenToSignals(): ProcessSignals {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(0)
      controller.abort()
    })
  }
  return { stop: controller.signal, hangups: new Hangups() }
}
