// Kysely over the journal's own connection. Each query runs synchronously within its turn, so it sees and disturbs no
// half-done transaction of the group commit. Kysely's transactions serve the migrations alone, before anything else runs.
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Sqlite } from './sqlite.js'
import type { SqliteValue } from './sqlite-driver.js'

/** Without this a migration that fails half-way would stay half-applied. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

export const sqliteDialect = (sqlite: Sqlite): Dialect => ({
  createAdapter: () => new TransactionalAdapter(),
  createDriver: () => new SqliteConnectionDriver(sqlite),
  createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
})

class SqliteConnectionDriver implements Driver {
  constructor(private readonly sqlite: Sqlite) {}

  async init(): Promise<void> {
    // The connection is open already.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return new SqliteConnection(this.sqlite)
  }

  async beginTransaction(): Promise<void> {
    this.sqlite.begin()
  }

  async commitTransaction(): Promise<void> {
    this.sqlite.commit()
  }

  async rollbackTransaction(): Promise<void> {
    this.sqlite.rollback()
  }

  async releaseConnection(): Promise<void> {
    // There is one connection, and the journal owns it.
  }

  async destroy(): Promise<void> {
    // As above.
  }
}

class SqliteConnection implements DatabaseConnection {
  constructor(private readonly sqlite: Sqlite) {}

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const values = parameters as readonly SqliteValue[]
    if (this.sqlite.isReader(sql)) return { rows: this.sqlite.all(sql, values) as R[] }
    const { changes, id } = this.sqlite.run(sql, values)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(id) }
  }

  streamQuery(): AsyncIterableIterator<never> {
    throw new Error('the journal does not stream queries')
  }
}
