// When a sender looks again: at a moment, or in the next turn of the event loop. Owns that it is woken once for each, and that
// nothing keeps it waiting for a moment that was put off or brought forward.

/** Timers cannot be longer (2^31 ms). */
const maxTimerMs = 3_600_000

export class Alarm {
  #timer: NodeJS.Timeout | null = null
  #at = 0
  #soon: NodeJS.Immediate | null = null

  constructor(private readonly wake: () => void) {}

  /** When others had their turn. */
  soon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = null
      this.wake()
    })
  }

  /** At that moment and at no other; in the past, or infinity: not at all, until it is set again. */
  set(at: number, nowMs: number): void {
    if (at === this.#at && at > nowMs) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#at = at
    const isToCome = at > nowMs && Number.isFinite(at)
    this.#timer = isToCome ? setTimeout(() => this.#ring(), Math.min(maxTimerMs, at - nowMs)) : null
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#soon !== null) clearImmediate(this.#soon)
    this.#soon = null
  }

  #ring(): void {
    this.#at = 0
    this.wake()
  }
}
