// What a daemon waits for that a first start ends at: a table or column that is not there under its name now, and was. In: what
// ended a connection. Out: what the log says of it. Owns that a rename for a moment ends no daemon; nothing is acknowledged meanwhile.
import { errorCode, judge, NotReadyError } from './base/errors.js'
import type { Log } from './base/log.js'

/** Undefined table, schema, column: of a query that a rename, of whatever is in it, overtook. */
const ofNames: ReadonlySet<string> = new Set(['42P01', '3F000', '42703'])

/** Soon again after the name is back, and no burden on the server. */
export const passing = { firstMs: 500, maxMs: 5_000 }

/** @param facts without data of patients */
export const logPassing = (facts: object, log: Log): void =>
  log.warn(
    facts,
    'what the daemon reads has another name now, or is gone: it waits, and goes on by itself when it is back; trying again',
  )

/**
 * What mends it; null: no waiting does.
 * @param hasFollowed the journal has a checkpoint: with these names the daemon streamed before
 */
export function remedyMeanwhile(error: unknown, hasFollowed: boolean): string | null {
  if (error instanceof NotReadyError) return error.mayPass ? error.remedy : null
  if (!hasFollowed || !ofNames.has(errorCode(error) ?? '')) return null
  const verdict = judge(error)
  const lasting = verdict.tag === 'stop' ? `; where it keeps its new name: ${verdict.remedy}, and start again` : ''
  return `give it its name back${lasting}`
}
