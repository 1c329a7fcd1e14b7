// A row's message in, the same without the values that are too long to become strings out. The server sends values of up to
// 1 GB, Node has no strings of that length, and the column may be one that nobody wants: so they are taken out before the
// message is parsed, as if they were unchanged TOAST values, and named.
// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-TUPLEDATA

import { isRowMessage, textValues, valueHeadBytes } from './text-values.js'

/**
 * Also of all values of a change together: they are still one string when every character is escaped (V8: 2²⁹ − 24), and at
 * three bytes a character still a row for SQLite (10⁹).
 */
export const maxValueBytes = 200_000_000

export interface WithoutLongValues {
  readonly payload: Buffer
  /** Columns, by number, whose values were taken out of the old row (or key) and of the new one. */
  readonly old: ReadonlySet<number>
  readonly new: ReadonlySet<number>
}

const none: ReadonlySet<number> = new Set()
const unchanged = Buffer.from('u')

/** A new value that is the old one is unchanged, and not named. @throws RangeError for a message that ends early. */
export function withoutLongValues(payload: Buffer, maxBytes: number): WithoutLongValues {
  if (payload.length <= maxBytes || !isRowMessage(payload)) return { payload, old: none, new: none }
  const old = new Map<number, Buffer>()
  const fresh = new Set<number>()
  const kept: Buffer[] = []
  let keptTo = 0
  for (const { column, isNew, start, end } of textValues(payload)) {
    const value = payload.subarray(start, end)
    if (value.length - valueHeadBytes <= maxBytes) continue
    if (!isNew) old.set(column, value)
    else if (old.get(column)?.equals(value) !== true) fresh.add(column)
    kept.push(payload.subarray(keptTo, start), unchanged)
    keptTo = end
  }
  kept.push(payload.subarray(keptTo))
  return { payload: Buffer.concat(kept), old: new Set(old.keys()), new: fresh }
}
