// Brings a journal to today's schema: the .sql files of migrations/journal in the order of their names, each in a
// transaction of its own. Owns that a journal of another version is never touched by who only looks or asks.
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Kysely, type Migration, Migrator, sql } from 'kysely'
import { errorCode, JournalError } from '../base/errors.js'
import { packageFile } from '../base/places.js'
import { cannotOpen } from './sqlite-error.js'

const folder = fileURLToPath(packageFile('migrations/journal/sqlite/'))

/** @throws JournalError when a migration fails, or the journal is of a newer notifyd. */
export async function migrate<T>(db: Kysely<T>, path: string): Promise<void> {
  refuseNewer(path, await applied(db), new Set(Object.keys(await readMigrations())))
  const migrator = new Migrator({ db, provider: { getMigrations: readMigrations } })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  if (errorCode(error) !== null) throw cannotOpen(path, error)
  const reason = error instanceof Error ? error.message : String(error)
  throw new JournalError(`the journal's schema could not be brought up to date: ${reason}`, { cause: error })
}

/** Changes nothing. @throws JournalError when the journal is of another version, or none. */
export async function assertToday<T>(db: Kysely<T>, path: string): Promise<void> {
  const there = await applied(db)
  if (there === null) throw notAJournal(path)
  const ours = Object.keys(await readMigrations())
  refuseNewer(path, there, new Set(ours))
  const missing = ours.find((name) => !there.has(name))
  if (missing === undefined) return
  throw new JournalError(
    `the journal ${path} is of an older notifyd (it has no ${missing}): restart \`notifyd run\` in this version, which brings it up to date, or use the commands of the older one`,
  )
}

export const notAJournal = (path: string, cause?: unknown): JournalError =>
  new JournalError(`${path} is not a journal of notifyd: is journal.url the right file?`, { cause })

function refuseNewer(path: string, there: ReadonlySet<string> | null, ours: ReadonlySet<string>): void {
  const newer = [...(there ?? [])].find((name) => !ours.has(name))
  if (newer === undefined) return
  throw new JournalError(
    `the journal ${path} is of a newer notifyd (it has ${newer}): use that version, or put back the copy from before its upgrade`,
  )
}

/** Names of the migrations that the file has seen; null: it has no place for them, so it is no journal, or a new one. */
async function applied<T>(db: Kysely<T>): Promise<ReadonlySet<string> | null> {
  const table = await sql`SELECT 1 FROM sqlite_master WHERE name = 'kysely_migration'`.execute(db)
  if (table.rows.length === 0) return null
  const { rows } = await sql<{ readonly name: string }>`SELECT name FROM kysely_migration`.execute(db)
  return new Set(rows.map(({ name }) => name))
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql'))
  const entries = files.map(async (file): Promise<[string, Migration]> => {
    const text = await readFile(`${folder}/${file}`, 'utf8')
    return [file.slice(0, -'.sql'.length), { up: (db) => execute(db, text) }]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** Statements end with a semicolon at the end of a line. */
async function execute(db: Kysely<unknown>, text: string): Promise<void> {
  for (const statement of text.split(/;\s*$/m)) {
    const isEmpty = statement.replaceAll(/--.*$/gm, '').trim() === ''
    if (!isEmpty) await sql.raw(statement).execute(db)
  }
}
