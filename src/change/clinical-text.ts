// How the clinical database's text is asked for and read. A database in UTF-8 sends text; any other its own bytes, which are
// decoded here as those of the WAL are: the server would refuse a byte that does not convert, and the whole query with it.
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { isDecodedHere, textDecoder } from '../capture/charset.js'

export type TextRow = Readonly<Record<string, string | null>>

/** As the driver gives it: bytes where text was asked for as such. */
export type RawRow = Readonly<Record<string, string | Buffer | null>>

export interface TextReader {
  /** The text expression as it has to be selected. */
  text(expression: RawBuilder<unknown>): RawBuilder<unknown>
  read(row: RawRow): TextRow
}

/** @throws what the database throws. */
export async function textReader<T>(db: Kysely<T>): Promise<TextReader> {
  const { rows } = await sql<{ encoding: string }>`select getdatabaseencoding()::text as encoding`.execute(db)
  const encoding = rows[0]?.encoding ?? 'UTF8'
  const decode = textDecoder(encoding)
  return {
    text: (expression) => (isDecodedHere(encoding) ? sql`convert_to(${expression}, 'SQL_ASCII')` : expression),
    read: (row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          value === null || typeof value === 'string' ? value : decode(value),
        ]),
      ),
  }
}
