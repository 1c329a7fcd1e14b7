// The only file that knows which SQLite it is: the built-in one where Node has it without a flag, else a package that
// brings its binary. A path in, an open database out, private to its owner (spec section 10).
import { accessSync, chmodSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { cannotOpen } from './sqlite-error.js'
import { refuseStrandedWal } from './stranded-wal.js'

export type SqliteValue = string | number | bigint | null | Uint8Array

export interface Statement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint }
  get(...values: SqliteValue[]): Record<string, unknown> | undefined
  all(...values: SqliteValue[]): Record<string, unknown>[]
  columns(): readonly { readonly name: string }[]
  setReadBigInts(enabled: boolean): void
}

export interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
  readonly isTransaction: boolean
}

interface Driver {
  readonly DatabaseSync: new (path: string, options?: { readonly readOnly?: boolean }) => Database
}

const require = createRequire(import.meta.url)

function loadDriver(): Driver {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const hasBuiltIn = major > 22 || (major === 22 && minor >= 13)
  return require(hasBuiltIn ? 'node:sqlite' : '@photostructure/sqlite') as Driver
}

const { DatabaseSync } = loadDriver()

/**
 * Opens or creates. The file is 0600 from its first moment; SQLite gives its -wal and -shm the same mode.
 * @throws JournalError that says what to do
 */
export function openDatabase(path: string): Database {
  try {
    refuseStrandedWal(path)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // The file of a held lock must not be opened and closed by this process: that would drop the lock.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
    // A backup that was put back may have any mode, its -wal and -shm too; those that SQLite makes have the file's own.
    for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600)
    return new DatabaseSync(path)
  } catch (error) {
    throw cannotOpen(path, error)
  }
}

/**
 * Opens one that is there, and changes nothing about it; `isReader`: nothing in it either.
 * @throws JournalError that tells a file that is not there from one that this user may not open
 */
export function openExisting(path: string, isReader: boolean): Database {
  try {
    accessSync(path, isReader ? constants.R_OK : constants.R_OK | constants.W_OK)
    refuseStrandedWal(path)
    return new DatabaseSync(path, { readOnly: isReader })
  } catch (error) {
    throw cannotOpen(path, error)
  }
}
