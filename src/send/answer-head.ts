// What the HTTP client is stricter about than a receiver's answer need be. In: the bytes of a connection, as they are read.
// Out: the same without interim answers (1xx), and with one way of saying how long the body is (RFC 9112 section 6.3). Owns
// that nothing else is changed, and that no more than 64 KiB are kept while a head is incomplete.
import type { Socket } from 'node:net'

/** Of the headers of an answer. */
export const maxHeadBytes = 64 * 1024

const endOfHead = '\r\n\r\n'
const beginning = Buffer.from('HTTP/1.')
/** The final one is behind it. But no request asked for another protocol (101). */
const isInterim = /^HTTP\/1\.[01] 1(?!01)\d\d\b/
const hasBareLf = /(?<!\r)\n/
const mayBeHead = (bytes: Buffer): boolean => {
  const length = Math.min(bytes.length, beginning.length)
  return bytes.subarray(0, length).equals(beginning.subarray(0, length))
}

/** Of one connection, on which a request is sent when the one before was answered. */
export class AnswerHeads {
  #isDue = false
  #kept: Buffer | null = null

  /** A request goes out: what is read next is the head of its answer. */
  asked(): void {
    this.#isDue = true
  }

  /** Empty: more of the head is needed. */
  read(bytes: Buffer): Buffer {
    if (!this.#isDue) return bytes
    let all = this.#kept === null ? bytes : Buffer.concat([this.#kept, bytes])
    this.#kept = null
    for (;;) {
      const end = all.indexOf(endOfHead, 0, 'latin1')
      const head = all.toString('latin1', 0, end < 0 ? Math.min(all.length, maxHeadBytes) : end)
      // Lines that end with LF alone are no HTTP/1.1: no end of the head would ever be found.
      const mayEnd = mayBeHead(all) && all.length <= maxHeadBytes && !hasBareLf.test(head)
      if (end < 0 && mayEnd) {
        this.#kept = all
        return Buffer.alloc(0)
      }
      const rest = all.subarray(end + endOfHead.length)
      if (end >= 0 && isInterim.test(head)) {
        if (rest.length === 0) return rest
        all = rest
        continue
      }
      this.#isDue = false
      const plain = end < 0 ? head : withOneLength(head)
      return plain === head ? all : Buffer.concat([Buffer.from(plain + endOfHead, 'latin1'), rest])
    }
  }
}

/** Chunked goes before a length; of equal lengths one is enough; what contradicts itself is left to the client to refuse. */
function withOneLength(head: string): string {
  const lines = [...head.matchAll(/\r\ncontent-length:[ \t]*(\d+(?:[ \t]*,[ \t]*\d+)*)[ \t]*(?=\r\n|$)/gi)]
  const lengths = lines.flatMap(([, list = '']) => list.split(',').map((length) => length.trim()))
  const [length = ''] = lengths
  const isChunked = /\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n|$)/i.test(head)
  if (!isChunked && (lengths.length < 2 || new Set(lengths).size > 1)) return head
  const without = lines.reduce((left, [each]) => left.replace(each, ''), head)
  return isChunked ? without : `${without}\r\nContent-Length: ${length}`
}

/** The client reads from this socket, and from it alone: what it reads has gone through `AnswerHeads`. */
export function withPlainHeads<S extends Socket>(socket: S): S {
  const heads = new AnswerHeads()
  const { read, write } = socket
  return Object.assign(socket, {
    read: (size?: number): unknown => {
      for (;;) {
        const bytes: unknown = Reflect.apply(read, socket, [size])
        if (!(bytes instanceof Buffer)) return bytes
        const plain = heads.read(bytes)
        if (plain.length > 0) return plain
      }
    },
    write: (...given: readonly unknown[]): unknown => {
      heads.asked()
      return Reflect.apply(write, socket, given)
    },
  })
}
