// The values of a row's message that are sent as text, one by one, before the message is parsed.
// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-TUPLEDATA

const rowTags = new Set([...'IUD'].map((tag) => tag.charCodeAt(0)))
const newTuple = 'N'.charCodeAt(0)
const asText = 't'.charCodeAt(0)

/** Of a value, its kind's byte and its length: so many bytes stand before its text. */
export const valueHeadBytes = 5

export interface TextValue {
  /** Its number in the row. */
  readonly column: number
  /** Of the new row; else of the old one, or of its key. */
  readonly isNew: boolean
  /** From its kind's byte to the end of its text, in the message. */
  readonly start: number
  readonly end: number
}

/** An insert, update or delete. */
export const isRowMessage = (payload: Buffer): boolean => rowTags.has(payload.readUInt8(0))

/** In the order of the message. @throws RangeError for a message that ends early. */
export function* textValues(payload: Buffer): Generator<TextValue> {
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
      at += valueHeadBytes + payload.readUInt32BE(at + 1)
      if (at > payload.length) throw new RangeError('a value that ends early')
      yield { column, isNew, start, end: at }
    }
  }
}
