// What has to be undone, last thing first, also when something fails half-way. Node 20 has no AsyncDisposableStack yet.

export class UndoStack implements AsyncDisposable {
  #steps: (() => unknown)[] = []

  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(() => resource[Symbol.asyncDispose]())
    return resource
  }

  defer(step: () => unknown): void {
    this.#steps.push(step)
  }

  /** Hands everything over: this stack undoes nothing any more. */
  move(): UndoStack {
    const owner = new UndoStack()
    owner.#steps = this.#steps
    this.#steps = []
    return owner
  }

  /** Every step is tried. @throws AggregateError of those that failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not everything could be undone')
  }
}
