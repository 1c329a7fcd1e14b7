// When a failing endpoint is probed instead of hammered, and when one that does not answer is asked again although nothing is due
// (spec section 7). Pure: the time is given. Owns that probes are at most 5 s apart, however long the outage is.

/** Failures in a row, of whatever kind, from which on one request at a time is made. */
const failuresToProbe = 10
/** Attempts in a row without any answer, from which on the endpoint is asked before any retry is due. */
const unansweredToSeek = 3

export interface ProbeIntervals {
  readonly firstMs: number
  readonly maxMs: number
}

export const defaultIntervals: ProbeIntervals = { firstMs: 1_000, maxMs: 5_000 }

export class Probe {
  #failures = 0
  #unanswered: number
  #intervalMs = 0
  #nextAt = 0

  /** @param isDoubtful something has failed before this process began: the endpoint is asked at once how it is */
  constructor(
    private readonly intervals: ProbeIntervals = defaultIntervals,
    isDoubtful = false,
  ) {
    this.#unanswered = isDoubtful ? unansweredToSeek : 0
  }

  /** One request at a time. */
  get isProbing(): boolean {
    return this.#failures >= failuresToProbe
  }

  /** A lane that waits may be tried before its time, where none is due. */
  get isSeeking(): boolean {
    return this.isProbing || this.#unanswered >= unansweredToSeek
  }

  /** When the next probe may start (unix ms); 0 while not probing. */
  get nextAt(): number {
    return this.isProbing ? this.#nextAt : 0
  }

  /** When a lane may be tried before its time; infinity: not at all. */
  get seekAt(): number {
    return this.isSeeking ? this.#nextAt : Number.POSITIVE_INFINITY
  }

  /** The endpoint is another from now on, or an operator says that it answers: the next probe may start at once. */
  hurry(): void {
    this.#nextAt = 0
    this.#intervalMs = 0
  }

  /** Gives whether the endpoint answers again that did not. */
  succeeded(): boolean {
    const ends = this.isSeeking
    this.#failures = 0
    this.#unanswered = 0
    this.#intervalMs = 0
    return ends
  }

  /**
   * A transport error, a time-out, 429 or 5xx, of a request that began at `startedAtMs`. Gives whether this began the
   * probing. What was open when the probing began is no probe: its failure puts the next one off no further.
   */
  failed(nowMs: number, startedAtMs: number, isUnanswered: boolean): boolean {
    const wasProbing = this.isProbing
    if (this.isSeeking && startedAtMs < this.#nextAt && this.#intervalMs > 0) {
      if (!wasProbing) this.#failures += 1
      return !wasProbing && this.isProbing
    }
    this.#failures += 1
    this.#unanswered = isUnanswered ? this.#unanswered + 1 : 0
    if (!this.isSeeking) return false
    const { firstMs, maxMs } = this.intervals
    this.#intervalMs = Math.min(maxMs, this.#intervalMs === 0 ? firstMs : this.#intervalMs * 2)
    this.#nextAt = nowMs + this.#intervalMs
    return !wasProbing && this.isProbing
  }

  /** Any other answer: the endpoint lives, but only a success ends the probing. Gives whether it answers again that did not. */
  answered(nowMs: number): boolean {
    if (this.isProbing) {
      this.#nextAt = nowMs + this.#intervalMs
      return false
    }
    const ends = this.isSeeking
    this.#failures = 0
    this.#unanswered = 0
    this.#intervalMs = 0
    return ends
  }
}
