// One connection to the journal's file: prepared statements by their text, LSN columns as bigint, one transaction at a
// time. Everything here is synchronous, so nothing can come between the statements of a transaction.
import { JournalError } from '../base/errors.js'
import type { Database, SqliteValue, Statement } from './sqlite-driver.js'
import { namedError } from './sqlite-error.js'

interface Prepared {
  readonly statement: Statement
  /** Columns that are read as bigint and wanted as numbers. */
  readonly narrowed: readonly string[]
  readonly isReader: boolean
}

/**
 * FULL: a commit is on the disk when it returns. Deleted data is overwritten, temporary data stays in memory. A cache of 16 MB
 * and a checkpoint every 16 MB of WAL: a third less work for each change than with SQLite's own 2 MB and 4 MB.
 */
const ownersPragmas = `
  PRAGMA journal_mode = WAL;
  PRAGMA cache_size = -16000;
  PRAGMA wal_autocheckpoint = 4000;
`
/** A checkpoint is the owner's alone. */
const othersPragmas = 'PRAGMA wal_autocheckpoint = 0;'
const pragmas = `
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA foreign_keys = ON;
  PRAGMA busy_timeout = 5000;
`

/** The owner keeps the file; who asks writes a row beside it; who reads writes nothing. */
export type Role = 'owner' | 'asker' | 'reader'

export class Sqlite {
  readonly #database: Database
  readonly #prepared = new Map<string, Prepared>()

  readonly #isOwner: boolean
  readonly #lost = new AbortController()

  constructor(database: Database, role: Role = 'owner') {
    this.#database = database
    this.#isOwner = role === 'owner'
    database.exec(`${this.#isOwner ? ownersPragmas : othersPragmas}${pragmas}`)
  }

  /** Aborted with a JournalError when the file is found damaged, or is not the one at its path any more. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  get lostReason(): JournalError | null {
    return this.#lost.signal.aborted ? (this.#lost.signal.reason as JournalError) : null
  }

  /** The first reason counts. */
  lose(reason: JournalError): void {
    if (!this.#lost.signal.aborted) this.#lost.abort(reason)
  }

  /** Rows of a query, of the shape that the caller knows; columns named `*_lsn` are bigint, other integers numbers. */
  all<R extends object = Record<string, unknown>>(sql: string, values: readonly SqliteValue[] = []): R[] {
    const { statement, narrowed } = this.#prepare(sql)
    const rows = this.#named(() => statement.all(...values))
    if (narrowed.length > 0) for (const row of rows) narrow(row, narrowed)
    return rows as R[]
  }

  get(sql: string, values: readonly SqliteValue[] = []): Record<string, unknown> | null {
    return this.all(sql, values)[0] ?? null
  }

  /** Runs a statement that returns no rows; gives how many rows it changed and the last row id. */
  run(sql: string, values: readonly SqliteValue[] = []): { readonly changes: number; readonly id: number } {
    const { statement } = this.#prepare(sql)
    const { changes, lastInsertRowid } = this.#named(() => statement.run(...values))
    return { changes: Number(changes), id: Number(lastInsertRowid) }
  }

  isReader(sql: string): boolean {
    return this.#prepare(sql).isReader
  }

  /** Runs `work` in `begin immediate … commit`. @throws what it throws, with nothing changed. */
  transaction<T>(work: () => T): T {
    this.begin()
    try {
      const result = work()
      this.commit()
      return result
    } catch (error) {
      this.rollback()
      throw error
    }
  }

  /** Immediate: a transaction that starts by reading cannot become a writing one while another connection writes. */
  begin(): void {
    this.exec('begin immediate')
  }

  commit(): void {
    this.exec('commit')
  }

  /** SQLite ends a transaction by itself on some errors (a full disk); then there is none to roll back. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('rollback')
  }

  exec(sql: string): void {
    this.#named(() => this.#database.exec(sql))
  }

  /** Writes the -wal into the file and cuts it to nothing. False: another connection reads or writes; it is not waited for. */
  emptyWal(): boolean {
    this.#named(() => this.#database.exec('PRAGMA busy_timeout = 0'))
    try {
      return this.#named(() => this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get())?.['busy'] === 0
    } finally {
      this.#database.exec('PRAGMA busy_timeout = 5000')
    }
  }

  /**
   * The owner empties the -wal into the file first, which then holds everything. One that is lost is left as it is: SQLite would
   * remove by its name a -wal that is another's now.
   */
  close(): void {
    if (this.#lost.signal.aborted) return
    this.#prepared.clear()
    if (this.#isOwner) this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    this.#database.close()
  }

  /** @throws what `work` throws, under the code that an operator knows; a damaged file is lost from then on */
  #named<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      const known = namedError(error)
      if (known instanceof JournalError) this.lose(known)
      throw known
    }
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.#named(() => this.#database.prepare(sql))
    const names = statement.columns().map(({ name }) => name)
    const others = names.filter((name) => !name.endsWith('_lsn'))
    const hasLsn = others.length < names.length
    if (hasLsn) statement.setReadBigInts(true)
    const prepared = { statement, narrowed: hasLsn ? others : [], isReader: names.length > 0 }
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

function narrow(row: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) {
    const value = row[name]
    if (typeof value === 'bigint') row[name] = Number(value)
  }
}
