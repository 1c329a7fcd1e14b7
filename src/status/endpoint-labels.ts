// The values of the label `endpoint`: configured names, and the origins of URLs that protocols made, as many as a registry can
// bear. A protocol that posts to a host of each tenant must not grow the metrics without an end.

/** Origins that get a value of their own; the rest share one. */
const maxOrigins = 50
const others = 'other'

export class EndpointLabels {
  readonly #known: Set<string>
  #left = maxOrigins

  constructor(readonly configured: readonly string[]) {
    this.#known = new Set(configured)
  }

  of(endpoint: string): string {
    if (this.#known.has(endpoint)) return endpoint
    if (this.#left === 0) return others
    this.#left -= 1
    this.#known.add(endpoint)
    return endpoint
  }
}
