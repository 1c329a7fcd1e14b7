// The journal as the daemon uses it: opened and brought to today's schema, appended to, paid from, pruned. One SQLite file,
// mode 0600. Every promise of a write resolves only when it is on the disk.
import { Kysely } from 'kysely'
import { errorCode, type GapFacts, JournalError } from '../base/errors.js'
import type { Lsn } from '../capture/lsn.js'
import { type AppendBatch, type Appended, append } from './append.js'
import { beginCheckpoint, type Checkpoint, readCheckpoint, type SlotCreated } from './checkpoint.js'
import {
  type DeadLetter,
  type DeadLetterSelection,
  discardDeadLetters,
  listDeadLetters,
  retryDeadLetters,
} from './dead-letters.js'
import { type EndpointDebts, readDebts } from './debts.js'
import { OwedDeliveries } from './deliveries.js'
import type { Attempt, Delivery, DeliveryJournal, Settlement } from './delivery.js'
import { Disclosures, disclose } from './disclosures.js'
import { type JournalFigures, readFigures } from './figures.js'
import { knownTables, notePublication, type SeenPublication } from './followed-table.js'
import { acceptedGaps, acceptGaps, type ChosenGaps, endGap, type Gap, listGaps, openGap, recordGap } from './gaps.js'
import { GroupCommit } from './group-commit.js'
import { JournalGuard } from './guard.js'
import { JournaledImages } from './images.js'
import { KnownHistory } from './known-history.js'
import type { Reached } from './lineage.js'
import { assertToday, migrate, notAJournal } from './migrate.js'
import { Recomputes } from './recomputes.js'
import { Replays } from './replays.js'
import { Requests } from './requests.js'
import { acceptRowGaps, listRowGaps, type RowGap } from './row-gaps.js'
import type { JournalTables } from './schema.js'
import { settle } from './settle.js'
import { type Role, Sqlite } from './sqlite.js'
import { sqliteDialect } from './sqlite-dialect.js'
import { openDatabase, openExisting } from './sqlite-driver.js'
import { cannotOpen, damaged, isMalformed, malformed, namedError } from './sqlite-error.js'
import { StatesBefore } from './states-before.js'
import { Upkeep } from './upkeep.js'
import { Waits } from './waits.js'

export class Journal extends OwedDeliveries implements DeliveryJournal {
  readonly #sqlite: Sqlite
  readonly #commits: GroupCommit
  #isClosed = false
  /** For queries that are not on the hot path; each runs outside any transaction. */
  readonly db: Kysely<JournalTables>
  readonly known: KnownHistory
  readonly requests: Requests
  readonly images: JournaledImages
  readonly states: StatesBefore
  readonly replays: Replays
  readonly recomputes: Recomputes
  readonly disclosures: Disclosures
  readonly waits: Waits
  readonly upkeep: Upkeep
  readonly guard: JournalGuard

  private constructor(sqlite: Sqlite, db: Kysely<JournalTables>, path: string) {
    super(sqlite)
    this.#sqlite = sqlite
    this.guard = new JournalGuard(sqlite, path)
    this.#commits = new GroupCommit(sqlite, () => this.guard.look())
    this.upkeep = new Upkeep(sqlite, this.#commits)
    this.db = db
    this.known = new KnownHistory(sqlite)
    this.requests = new Requests(sqlite, this.#commits)
    this.images = new JournaledImages(sqlite)
    this.states = new StatesBefore(sqlite)
    this.replays = new Replays(sqlite, this.#commits)
    this.recomputes = new Recomputes(sqlite, this.#commits)
    this.disclosures = new Disclosures(db)
    this.waits = new Waits(sqlite, this.#commits)
  }

  /**
   * Its owner makes it where it is not there, and brings it to today's schema; for others it has to be there, and of today's.
   * @throws JournalError when the file cannot be opened, is no journal, or is of another version.
   */
  static async open(path: string, role: Role = 'owner'): Promise<Journal> {
    const database = role === 'owner' ? openDatabase(path) : openExisting(path, role === 'reader')
    try {
      const sqlite = new Sqlite(database, role)
      const db = new Kysely<JournalTables>({ dialect: sqliteDialect(sqlite) })
      if (role === 'owner') await migrate(db, path)
      else await assertToday(db, path)
      return new Journal(sqlite, db, path)
    } catch (error) {
      database.close()
      if (error instanceof JournalError) throw error
      if (isMalformed(error)) throw damaged(malformed, error)
      const named = namedError(error)
      throw named instanceof JournalError || errorCode(named) === 'ERR_SQLITE_ERROR'
        ? notAJournal(path, error)
        : cannotOpen(path, named)
    }
  }

  /** Aborted with a JournalError when nothing may be built on it any more: it is damaged, or its file is another one. */
  get lost(): AbortSignal {
    return this.#sqlite.lost
  }

  /** Null: nothing was ever followed. */
  checkpoint(): Checkpoint | null {
    return readCheckpoint(this.#sqlite)
  }

  append(batch: AppendBatch): Promise<Appended> {
    return this.#commits.write(() => append(this.#sqlite, batch))
  }

  settle(settlements: readonly Settlement[]): Promise<void> {
    return this.#commits.writeSoon(() => {
      for (const settlement of settlements) settle(this.#sqlite, settlement)
    })
  }

  /** A replay's attempt, which settles nothing but a dead letter. */
  discloseReplayed(delivery: Delivery, attempt: Attempt): Promise<void> {
    const outcome = attempt.error === null ? 'delivered' : 'failed'
    return this.#commits.writeAlong(() => disclose(this.#sqlite, delivery, attempt, outcome, true))
  }

  slotIntent(): { readonly slot: string } | null {
    const row = this.#sqlite.get('SELECT slot FROM slot_intent')
    return row === null ? null : { slot: String(row['slot']) }
  }

  recordSlotIntent(slot: string): Promise<void> {
    return this.#commits.write(() => {
      this.#sqlite.run('INSERT OR REPLACE INTO slot_intent (slot, noted_at) VALUES (?, ?)', [slot, Date.now()])
    })
  }

  recordSlotCreated({ consistentLsn, ...at }: SlotCreated): Promise<void> {
    return this.#commits.write(() => beginCheckpoint(this.#sqlite, consistentLsn, at))
  }

  /** The publication was seen to be right, and to look like this. */
  recordPublication(seen: SeenPublication): Promise<void> {
    return this.#commits.write(() => notePublication(this.#sqlite, seen))
  }

  /** Every table that was followed in this history: OID → the model's name. */
  knownTables(): ReadonlyMap<number, string> {
    return knownTables(this.#sqlite)
  }

  gaps(): readonly Gap[] {
    return listGaps(this.#sqlite)
  }

  /** The oldest that halts the stream and waits for an operator; null: none does. */
  openGap(): Gap | null {
    return openGap(this.#sqlite)
  }

  /** Accepted, and not gone on behind yet. */
  acceptedGaps(): readonly Gap[] {
    return acceptedGaps(this.#sqlite)
  }

  recordGap(facts: GapFacts): Promise<void> {
    return this.#commits.write(() => recordGap(this.#sqlite, facts))
  }

  /** Gives how many. @param gapNotices endpoints that are owed a notice of rows now; of others when the daemon goes on behind them */
  acceptGaps(chosen: ChosenGaps = {}, gapNotices: readonly string[] = []): Promise<number> {
    return this.#commits.write(() => acceptGaps(this.#sqlite, chosen) + acceptRowGaps(this.#sqlite, chosen, gapNotices))
  }

  /** Those that wait first. */
  rowGaps(limit: number): readonly RowGap[] {
    return listRowGaps(this.#sqlite, limit)
  }

  /**
   * Goes on behind every accepted gap; `endpoints` are owed a notice of each.
   * @param end where they end; null: where they were found to end
   * @param at where streaming goes on, and what lies before it where the checkpoint moves there
   */
  goOnBehindGaps(
    end: Lsn | null,
    at: { lsn: Lsn; reached: Reached | null },
    endpoints: readonly string[],
  ): Promise<void> {
    return this.#commits.write(() => {
      if (at.reached !== null) beginCheckpoint(this.#sqlite, at.lsn, at.reached)
      for (const gap of acceptedGaps(this.#sqlite)) endGap(this.#sqlite, gap, end, at.lsn, endpoints)
    })
  }

  /** By endpoint, in the order of their names. */
  debts(): readonly EndpointDebts[] {
    return readDebts(this.#sqlite)
  }

  /** For a scrape. */
  figures(): JournalFigures {
    return readFigures(this.#sqlite)
  }

  deadLetters(selection: DeadLetterSelection, limit: number): readonly DeadLetter[] {
    return listDeadLetters(this.#sqlite, selection, limit)
  }

  retryDeadLetters(selection: DeadLetterSelection): Promise<ReturnType<typeof retryDeadLetters>> {
    return this.#commits.write(() => retryDeadLetters(this.#sqlite, selection))
  }

  discardDeadLetters(selection: DeadLetterSelection, reason: string): Promise<number> {
    return this.#commits.write(() => discardDeadLetters(this.#sqlite, selection, reason))
  }

  /** Commits what waits, and closes the file, unless it is lost. Closing what is closed does nothing. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#commits.flush()
    this.guard.lookOnceMore()
    this.#sqlite.close()
    if (!this.lost.aborted) this.guard.close()
  }
}
