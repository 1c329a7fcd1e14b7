// Patient id → key, the least recently used forgotten first. "Not found" is never kept: the patient may be there next time.

export class PatientKeys {
  readonly #keys = new Map<string, string>()

  constructor(private readonly capacity: number) {}

  /** Null: not known here, which says nothing about the database. */
  get(patientId: string): string | null {
    const key = this.#keys.get(patientId)
    if (key === undefined) return null
    this.#keys.delete(patientId)
    this.#keys.set(patientId, key)
    return key
  }

  put(patientId: string, key: string): void {
    this.#keys.delete(patientId)
    this.#keys.set(patientId, key)
    const oldest = this.#keys.size > this.capacity ? this.#keys.keys().next().value : undefined
    if (oldest !== undefined) this.#keys.delete(oldest)
  }
}
