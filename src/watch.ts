// What is looked at every 10 s while a connection streams, over an ordinary one: whether the publication is what it was, whether
// the tables still are as the daemon needs them, and where the server's end of WAL is. A gap ends the connection.
import { GapError } from './base/errors.js'
import type { Control } from './capture/control.js'
import type { Finding, WatchedTable } from './capture/finding.js'
import { inspectPublication } from './capture/publication.js'
import { inspectPublished } from './capture/tables.js'
import { lookAtWal, type WalLook } from './capture/wal-look.js'
import { assertSamePublication, type StartOptions } from './start-position.js'

export interface WatchOptions extends StartOptions {
  readonly tables: readonly WatchedTable[]
  /** Called when the stream is up and every 10 s from then on. */
  readonly looked: (look: WalLook) => void
  /** The same, with all preconditions that are missing of the followed tables and their publication. */
  readonly sawTables: (failures: readonly Finding[]) => void
}

const watchMs = 10_000

/** Looks until it is disposed of. */
export class Watch implements Disposable {
  readonly #timer: NodeJS.Timeout

  /** @param failed called with what a look threw, or with the gap that it found */
  constructor(
    private readonly control: Control,
    private readonly options: WatchOptions,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#timer = setInterval(() => {
      this.lookAtTables()
      this.lookAtWal()
    }, watchMs)
  }

  /** Out of turn: the stream is up. */
  lookAtWal(): void {
    this.#run(this.#lookAtWal())
  }

  /** The same. */
  lookAtTables(): void {
    this.#run(lookAtTables(this.control, this.options))
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #lookAtWal(): Promise<void> {
    const seen = await lookAtWal(this.control, this.options.slot)
    if (seen !== null) this.options.looked(seen)
  }

  #run(look: Promise<void>): void {
    look.catch((error: unknown) => this.failed(error))
  }
}

/** @throws GapError, recorded in the journal, when the publication is not what it was when streaming began. */
async function lookAtTables(control: Control, options: WatchOptions): Promise<void> {
  const { publication, tables, journal } = options
  const { fingerprint, findings } = await inspectPublication(control, publication, tables)
  try {
    assertSamePublication(fingerprint, options)
  } catch (error) {
    if (error instanceof GapError) await journal.recordGap(error.facts)
    throw error
  }
  const ofTables: Finding[] = []
  for (const table of tables) if (table.published) ofTables.push(...(await inspectPublished(control, table)))
  options.sawTables([...ofTables, ...findings].filter(({ level }) => level === 'fail'))
}
