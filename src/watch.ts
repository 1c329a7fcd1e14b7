// What is looked at every 10 s while a connection streams, over an ordinary one: whether the publication is what it was, whether
// the tables still are as the daemon needs them, and where the server's end of WAL is. What a look finds wrong ends the connection,
// but for a table's fault, which is told.
import type { Control } from './capture/control.js'
import type { Finding, WatchedTable } from './capture/finding.js'
import { inspectFailover } from './capture/hindrances.js'
import type { Lsn } from './capture/lsn.js'
import { inspectPublication } from './capture/publication.js'
import { inspectPublished } from './capture/tables.js'
import { lookAtWal, type WalLook } from './capture/wal-look.js'
import type { SeenPublication } from './journal/followed-table.js'
import { assertSamePublication, type PublicationOptions, withWhatIsAway } from './same-publication.js'

export interface WatchOptions extends PublicationOptions {
  readonly tables: readonly WatchedTable[]
  /** database.failover */
  readonly failover?: boolean
  /** Called when the stream is up and every 10 s from then on. */
  readonly looked: (look: WalLook) => void
  /** The same, with all preconditions that are missing of the followed tables and their publication. */
  readonly sawTables: (failures: readonly Finding[]) => void
}

const watchMs = 10_000

/** The publication as it is, and where the server's end of WAL was before it was looked at. */
export async function seePublication(
  control: Control,
  { slot, publication, tables, journal }: WatchOptions,
): Promise<SeenPublication & { readonly findings: readonly Finding[] }> {
  const before = await lookAtWal(control, slot)
  const { fingerprint, published, findings } = await inspectPublication(
    control,
    publication,
    tables,
    journal.knownTables(),
  )
  return { fingerprint, tables: published, atLsn: before?.serverEnd ?? null, findings }
}

/** Looks until it is disposed of. */
export class Watch implements Disposable {
  readonly #timer: NodeJS.Timeout
  #atLsn: Lsn | null

  /**
   * @param seen the look with which the connection began
   * @param failed called with what a look threw, or with the gap that it found
   */
  constructor(
    private readonly control: Control,
    private readonly options: WatchOptions,
    seen: SeenPublication,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#atLsn = seen.atLsn
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
    this.#run(this.#lookAtTables())
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #lookAtWal(): Promise<void> {
    const seen = await lookAtWal(this.control, this.options.slot)
    if (seen !== null) this.options.looked(seen)
  }

  /** @throws GapError when it is not what it was when it was last looked at. */
  async #lookAtTables(): Promise<void> {
    const { journal, slot, tables, failover, sawTables } = this.options
    const seen = await seePublication(this.control, this.options)
    assertSamePublication(seen.fingerprint, seen.atLsn, this.options)
    // A change that is committed in the WAL is seen a moment later: this look vouches for what was before the one before it.
    const checkpoint = journal.checkpoint()
    const noted = { ...withWhatIsAway(seen, this.options), atLsn: this.#atLsn }
    const isNews = checkpoint?.publication !== noted.fingerprint || checkpoint.publicationSeenLsn !== this.#atLsn
    if (isNews) await journal.recordPublication(noted)
    this.#atLsn = seen.atLsn
    const ofTables: Finding[] = []
    for (const table of tables) if (table.published) ofTables.push(...(await inspectPublished(this.control, table)))
    const ofSlot = await inspectFailover(this.control, slot, failover === true)
    sawTables([...ofTables, ...seen.findings, ...ofSlot].filter(({ level }) => level === 'fail'))
  }

  #run(look: Promise<void>): void {
    look.catch((error: unknown) => this.failed(error))
  }
}
