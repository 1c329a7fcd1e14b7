// The values of the label `endpoint`: configured names, and the origins of URLs that protocols made, as many as a registry can
// bear. A protocol that posts to a host of each tenant must not grow the metrics without an end.

/** Origins that get a value of their own; the rest share one. */
const maxOrigins = 50
const others = 'other'

export class EndpointLabels {
  readonly #known: Set<string>
  #configured: readonly string[]
  #left = maxOrigins

  constructor(configured: readonly string[]) {
    this.#configured = configured
    this.#known = new Set(configured)
  }

  get configured(): readonly string[] {
    return this.#configured
  }

  /** From now on; what was counted under a name that is gone stays. */
  configure(names: readonly string[]): void {
    this.#configured = names
    for (const name of names) this.#known.add(name)
  }

  of(endpoint: string): string {
    if (this.#known.has(endpoint)) return endpoint
    if (this.#left === 0) return others
    this.#left -= 1
    this.#known.add(endpoint)
    return endpoint
  }
}
