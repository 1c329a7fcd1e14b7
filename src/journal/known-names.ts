// Names of endpoints and notifications that the journal has, configured still or not: for a command that is given one. Reads
// only; nothing here walks the whole journal, however long it is.
import { type Kysely, sql } from 'kysely'
import type { JournalTables } from './schema.js'

/** Every endpoint that something was ever owed to, or is. */
export async function journaledEndpoints(db: Kysely<JournalTables>): Promise<readonly string[]> {
  // A gap's notice has no sequence; what is owed or dead has an index of its own.
  const { rows } = await sql<{ endpoint: string }>`
    SELECT endpoint FROM endpoint_sequence
    UNION SELECT endpoint FROM delivery WHERE state = 'owed'
    UNION SELECT endpoint FROM delivery WHERE state = 'dead'`.execute(db)
  return rows.map(({ endpoint }) => endpoint)
}

/** Those of the newest deliveries and attempts: the rest would be no likelier meant. */
export async function journaledNotifications(db: Kysely<JournalTables>): Promise<readonly string[]> {
  const { rows } = await sql<{ notification: string }>`
    SELECT DISTINCT notification FROM (SELECT notification FROM delivery ORDER BY id DESC LIMIT 50000)
    UNION SELECT DISTINCT notification FROM (SELECT notification FROM disclosure ORDER BY id DESC LIMIT 50000)`.execute(
    db,
  )
  return rows.map(({ notification }) => notification)
}

/** Whether it is anywhere in it. */
export async function isJournaledNotification(db: Kysely<JournalTables>, notification: string): Promise<boolean> {
  const { rows } = await sql<{ found: number }>`
    SELECT EXISTS (SELECT 1 FROM delivery WHERE notification = ${notification})
        OR EXISTS (SELECT 1 FROM disclosure WHERE notification = ${notification}) AS found`.execute(db)
  return rows[0]?.found === 1
}
