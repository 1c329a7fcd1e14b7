// What a server, or a pooler that stands before it, said when it let nobody in: its own sentence, for an operator to read. Owns
// that no sentence gets out that could quote a row.
import { errorCode, NotReadyError } from '../base/errors.js'

/** pgbouncer, RDS Proxy and the like. */
export const poolerRemedy =
  'this looks like a pooler, which carries no replication: name the server itself in database.url (host and port)'

const poolersCodes: ReadonlySet<string | null> = new Set(['08P01', 'XX000', '0A000'])

/** A pooler answers in the server's place: its errors lack what a server's own always have, the routine that raised them. */
export const isOfPooler = (error: unknown): boolean =>
  error instanceof Error &&
  'severity' in error &&
  !('routine' in error && error.routine !== undefined) &&
  poolersCodes.has(errorCode(error))

/**
 * One line. Null: it was no refusal to connect, or no server's, and its text could quote a row.
 */
export function serverSentence(error: unknown): string | null {
  if (!(error instanceof Error) || !('severity' in error)) return null
  if (!isOfPooler(error) && error.severity !== 'FATAL' && error.severity !== 'PANIC') return null
  return error.message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300)
}

/** The server's own sentence, to stand behind ours; empty: it said none. */
export function saidBy(error: unknown): string {
  const sentence = serverSentence(error)
  return sentence === null ? '' : `: ${sentence}`
}

/** The same error, or where a pooler refused for good, one that says so. */
export const poolerNamed = (error: unknown): unknown =>
  isOfPooler(error) ? new NotReadyError(serverSentence(error) ?? '', poolerRemedy, { cause: error }) : error
