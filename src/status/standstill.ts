// Whether the stream comes to an end again and again at one place. Ends of streams in, by code and by what the journal had
// reached; how often it was the same out. Owns that a stream which comes up and breaks at once is not taken for a healthy one.

/** Ends one after another, with nothing journaled between them. Printed as it is, and as JSON. */
export interface Standstill {
  /** SQLSTATE or code of each of them. */
  readonly code: string
  /** Where the journal was at each of them, printed. */
  readonly lsn: string
  readonly times: number
}

/** One that lasted longer was not ended by where it stood: an idle server moves no LSN. */
const briefMs = 600_000
/** So often is no chance. */
const standsStillAt = 3

export class StreamEnds {
  #last: Standstill | null = null
  #upSinceMs: number | null = null

  /** @param nowMs of a clock that never jumps */
  up(nowMs: number): void {
    this.#upSinceMs = nowMs
  }

  /** The journal is at `lsn` now (printed, like all here). */
  reached(lsn: string | null): void {
    if (this.#last !== null && this.#last.lsn !== lsn) this.#last = null
  }

  /** A connection ended; one that never streamed says nothing. @returns how often it was like this, 0 where it never streamed */
  ended(code: string, lsn: string | null, nowMs: number): number {
    const since = this.#upSinceMs
    this.#upSinceMs = null
    if (since === null || lsn === null) return 0
    const isSame = this.#last?.code === code && this.#last.lsn === lsn && nowMs - since < briefMs
    this.#last = { code, lsn, times: isSame && this.#last !== null ? this.#last.times + 1 : 1 }
    return this.#last.times
  }

  /** Null: it goes on, or nobody can say yet. */
  get standstill(): Standstill | null {
    return this.#last !== null && this.#last.times >= standsStillAt ? this.#last : null
  }
}
