// Brings a journal to today's schema: the .sql files of migrations/journal in the order of their names, each in a
// transaction of its own.
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Kysely, type Migration, Migrator, sql } from 'kysely'
import { JournalError } from '../base/errors.js'

const folder = fileURLToPath(new URL('../../migrations/journal/sqlite/', import.meta.url))

/** @throws JournalError when a migration fails, or the journal is of a newer notifyd. */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: readMigrations } })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  const reason = error instanceof Error ? error.message : String(error)
  throw new JournalError(`the journal's schema could not be brought up to date: ${reason}`, { cause: error })
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
