// A row's message in, the same without the values that are too long to become strings out. The server sends values of up to
// 1 GB, Node has no strings of that length, and the column may be one that nobody wants: so they are taken out before the
// message is parsed, as if they were unchanged TOAST values, and named.
// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-TUPLEDATA

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
const rowTags = new Set([...'IUD'].map((tag) => tag.charCodeAt(0)))
const newTuple = 'N'.charCodeAt(0)
const asText = 't'.charCodeAt(0)
const unchanged = Buffer.from('u')

/** A new value that is the old one is unchanged, and not named. @throws RangeError for a message that ends early. */
export function withoutLongValues(payload: Buffer, maxBytes: number): WithoutLongValues {
  if (payload.length <= maxBytes || !rowTags.has(payload.readUInt8(0))) return { payload, old: none, new: none }
  const old = new Map<number, Buffer>()
  const fresh = new Set<number>()
  const kept: Buffer[] = []
  let keptTo = 0
  // Behind the tag and the relation's OID: tuples, each with its tag and its number of columns.
  for (let at = 5; at < payload.length; ) {
    const isNew = payload.readUInt8(at) === newTuple
    const columns = payload.readUInt16BE(at + 1)
    at += 3
    for (let column = 0; column < columns; column += 1) {
      if (payload.readUInt8(at) !== asText) {
        at += 1
        continue
      }
      const start = at
      at += 5 + payload.readUInt32BE(at + 1)
      if (at > payload.length) throw new RangeError('a value that ends early')
      const value = payload.subarray(start, at)
      if (value.length - 5 <= maxBytes) continue
      if (!isNew) old.set(column, value)
      else if (old.get(column)?.equals(value) !== true) fresh.add(column)
      kept.push(payload.subarray(keptTo, start), unchanged)
      keptTo = at
    }
  }
  kept.push(payload.subarray(keptTo))
  return { payload: Buffer.concat(kept), old: new Set(old.keys()), new: fresh }
}
