// When a failing endpoint is probed instead of hammered (spec section 7). Pure: the time is given. A probe is an ordinary
// attempt, of the lane least recently tried among those whose own retry is due, so no delivery is tried before its time.

const failuresToProbe = 10

export interface ProbeIntervals {
  readonly firstMs: number
  readonly maxMs: number
}

export const defaultIntervals: ProbeIntervals = { firstMs: 1_000, maxMs: 60_000 }

export class Probe {
  #failures = 0
  #intervalMs = 0
  #nextAt = 0

  constructor(private readonly intervals: ProbeIntervals = defaultIntervals) {}

  get isProbing(): boolean {
    return this.#failures >= failuresToProbe
  }

  /** When the next probe may start (unix ms); 0 while not probing. */
  get nextAt(): number {
    return this.isProbing ? this.#nextAt : 0
  }

  /** Gives whether this ended the probing. */
  succeeded(): boolean {
    const ends = this.isProbing
    this.#failures = 0
    this.#intervalMs = 0
    return ends
  }

  /**
   * A transport error, a time-out, 429 or 5xx, of a request that began at `startedAtMs`. Gives whether this began the
   * probing. What was open when the probing began is no probe: its failure puts the next one off no further.
   */
  failed(nowMs: number, startedAtMs: number): boolean {
    const wasProbing = this.isProbing
    if (wasProbing && startedAtMs < this.#nextAt) return false
    this.#failures += 1
    if (!this.isProbing) return false
    const { firstMs, maxMs } = this.intervals
    this.#intervalMs = Math.min(maxMs, this.#intervalMs === 0 ? firstMs : this.#intervalMs * 2)
    this.#nextAt = nowMs + this.#intervalMs
    return !wasProbing
  }

  /** Any other answer: the endpoint lives, but only a success ends the probing. */
  answered(nowMs: number): void {
    if (this.isProbing) this.#nextAt = nowMs + this.#intervalMs
    else this.#failures = 0
  }
}
