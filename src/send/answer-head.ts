// What the HTTP client is stricter about than a receiver's answer need be. In: the bytes of a connection, as they are read.
// Out: the same without an unasked `100 Continue`, and with one way of saying how long the body is (RFC 9112 section 6.3). Owns
// that nothing else is changed, and that no more than 64 KiB are kept while a head is incomplete.
import type { Socket } from 'node:net'

/** Of the headers of an answer. */
export const maxHeadBytes = 64 * 1024

const endOfHead = '\r\n\r\n'
const beginning = Buffer.from('HTTP/1.')
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
    const all = this.#kept === null ? bytes : Buffer.concat([this.#kept, bytes])
    const end = all.indexOf(endOfHead, 0, 'latin1')
    this.#kept = null
    if (end < 0 && mayBeHead(all) && all.length <= maxHeadBytes) {
      this.#kept = all
      return Buffer.alloc(0)
    }
    const head = all.toString('latin1', 0, Math.max(end, 0))
    const rest = all.subarray(end + endOfHead.length)
    if (end >= 0 && /^HTTP\/1\.[01] 100\b/.test(head)) return rest.length === 0 ? rest : this.read(rest)
    // Another interim answer (1xx) has the final one behind it, here or in what is read next.
    this.#isDue = /^HTTP\/1\.[01] 1/.test(head)
    const plain = withOneLength(head)
    const behind = this.#isDue && rest.length > 0 ? this.read(rest) : rest
    if (plain === head && behind === rest) return all
    return Buffer.concat([Buffer.from(plain + endOfHead, 'latin1'), behind])
  }
}

/** Chunked goes before a length; of equal lengths one is enough; what contradicts itself is left to the client to refuse. */
function withOneLength(head: string): string {
  const lengths = [...head.matchAll(/\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n|$)/gi)]
  if (lengths.length === 0) return head
  const isChunked = /\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n|$)/i.test(head)
  if (!isChunked && (lengths.length === 1 || new Set(lengths.map(([, length]) => length)).size > 1)) return head
  const [line = ''] = isChunked ? [] : (lengths[0] ?? [])
  return lengths.reduce((left, [each]) => left.replace(each, ''), head) + line
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
