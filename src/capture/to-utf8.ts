// A pgoutput message of a database that is not in UTF-8 in, the same in UTF-8 out, for the parser, which knows no other
// encoding. Names of tables and columns and the values of rows are text; nothing else in a message is.
// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
import type { DecodeText } from './charset.js'
import { isRowMessage, textValues, valueHeadBytes } from './text-values.js'

const relationTag = 'R'.charCodeAt(0)

/** @throws RangeError for a message that ends early. */
export function toUtf8(payload: Buffer, decode: DecodeText): Buffer {
  if (isRowMessage(payload)) return row(payload, decode)
  return payload.readUInt8(0) === relationTag ? relation(payload, decode) : payload
}

/** Keeps what is written in pieces; the parts of the message that are no text stay as they are. */
class Rewritten {
  readonly #parts: Buffer[] = []
  #keptTo = 0

  constructor(private readonly payload: Buffer) {}

  /** In the place of the bytes from `start` to `end`. */
  replace(start: number, end: number, part: Buffer): void {
    this.#parts.push(this.payload.subarray(this.#keptTo, start), part)
    this.#keptTo = end
  }

  whole(): Buffer {
    if (this.#keptTo === 0) return this.payload
    return Buffer.concat([...this.#parts, this.payload.subarray(this.#keptTo)])
  }
}

function row(payload: Buffer, decode: DecodeText): Buffer {
  const rewritten = new Rewritten(payload)
  for (const { start, end } of textValues(payload)) {
    const value = payload.subarray(start + valueHeadBytes, end)
    if (isAscii(value)) continue
    const text = Buffer.from(decode(value))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(text.length)
    rewritten.replace(start + 1, end, Buffer.concat([length, text]))
  }
  return rewritten.whole()
}

/** Tag, OID, schema, table, identity, number of columns, and of each its flags, its name, its type and the type's modifier. */
function relation(payload: Buffer, decode: DecodeText): Buffer {
  const rewritten = new Rewritten(payload)
  let at = 5
  const name = () => {
    const end = payload.indexOf(0, at)
    if (end < 0) throw new RangeError('a name that does not end')
    const value = payload.subarray(at, end)
    if (!isAscii(value)) rewritten.replace(at, end, Buffer.from(decode(value)))
    at = end + 1
  }
  name()
  name()
  const columns = payload.readUInt16BE(at + 1)
  at += 3
  for (let column = 0; column < columns; column += 1) {
    at += 1
    name()
    at += 8
  }
  return rewritten.whole()
}

/** Of most values, in any encoding of a server: these bytes are ASCII's in all of them. */
const isAscii = (bytes: Buffer): boolean => bytes.every((byte) => byte < 0x80)
