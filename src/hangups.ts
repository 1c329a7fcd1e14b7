// SIGHUP before there is anything to read again: loaded first, and alone, so that none is missed.
import { isatty } from 'node:tty'

/**
 * SIGHUP, heard from the first moment on: without a listener it would end the process. So it does where it says that the
 * terminal is gone, since nobody could read the log or end the daemon then.
 */
export class Hangups {
  #listener: (() => void) | null = null
  #isMissed = false

  constructor() {
    const isOnTerminal = isatty(1)
    process.on('SIGHUP', () => {
      if (isOnTerminal && !isatty(1)) {
        process.removeAllListeners('SIGHUP')
        process.kill(process.pid, 'SIGHUP')
      } else if (this.#listener === null) this.#isMissed = true
      else this.#listener()
    })
  }

  listen(listener: () => void): void {
    this.#listener = listener
    if (this.#isMissed) listener()
  }
}
