// Patient id → key, for seconds: a key may change, and an id may become another person's. The least recently used is forgotten
// first. "Not found" is never kept: the patient may be there next time.

interface Kept {
  readonly key: string
  readonly untilMs: number
}

export class PatientKeys {
  readonly #keys = new Map<string, Kept>()

  /** @param liveMs how long a key is taken for what it was when it was looked up */
  constructor(
    private readonly capacity: number,
    private readonly liveMs: number,
  ) {}

  /** Null: not known here, which says nothing about the database. @param nowMs of a clock that never jumps */
  get(patientId: string, nowMs: number): string | null {
    const kept = this.#keys.get(patientId)
    if (kept === undefined) return null
    this.#keys.delete(patientId)
    if (kept.untilMs <= nowMs) return null
    this.#keys.set(patientId, kept)
    return kept.key
  }

  /** @param nowMs when it was asked for */
  put(patientId: string, key: string, nowMs: number): void {
    this.#keys.delete(patientId)
    this.#keys.set(patientId, { key, untilMs: nowMs + this.liveMs })
    const oldest = this.#keys.size > this.capacity ? this.#keys.keys().next().value : undefined
    if (oldest !== undefined) this.#keys.delete(oldest)
  }
}
