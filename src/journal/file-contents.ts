// Whether an open journal's files still hold what SQLite wrote, though they are the same files: a copy over one of them, or a cut,
// keeps its inode. Read through descriptors of our own that stay open: to close one would drop SQLite's locks on the file. Owns
// that what SQLite does itself (a checkpoint, a -wal begun anew, by whatever process) is never taken for a stranger's work.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'

/** Of the file: https://www.sqlite.org/fileformat.html#the_database_header */
const header = { bytes: 32, readVersionAt: 19, pagesAt: 28, ofWalMode: 2 }
/** Of the -wal: https://www.sqlite.org/fileformat.html#the_write_ahead_log */
const wal = { bytes: 32, saltsAt: 16, frameHeaderBytes: 24 }
/** Of the -shm, in the machine's own order, twice: https://www.sqlite.org/walformat.html#the_wal_index_header */
const index = { bytes: 48, pageSizeAt: 14, framesAt: 16, saltsAt: 32 }

export class FileContents {
  readonly #main: number
  readonly #wal: number
  readonly #shm: number
  #bytes = 0
  #pages = 0

  /** @param path of a journal that is open, in WAL mode */
  constructor(path: string) {
    this.#main = openSync(path, 'r')
    this.#wal = openSync(`${path}-wal`, 'r')
    this.#shm = openSync(`${path}-shm`, 'r')
  }

  /** The end of the name of the first that a stranger has written to; null: neither. 10 µs. @throws what the system says */
  spoilt(): '' | '-wal' | null {
    if (this.#isMainSpoilt()) return ''
    return this.#isWalSpoilt() ? '-wal' : null
  }

  /** Only once SQLite has closed the journal. */
  close(): void {
    for (const descriptor of [this.#main, this.#wal, this.#shm]) closeSync(descriptor)
  }

  /** A checkpoint only makes it longer: nothing of the journal vacuums. */
  #isMainSpoilt(): boolean {
    const { size } = fstatSync(this.#main)
    const head = firstBytes(this.#main, header.bytes)
    if (head.length < header.bytes || size < this.#bytes) return true
    const pages = head.readUInt32BE(header.pagesAt)
    if (head[header.readVersionAt] !== header.ofWalMode || pages < this.#pages) return true
    this.#bytes = size
    this.#pages = pages
    return false
  }

  /** It holds the frames that the -shm counts, and their salts. */
  #isWalSpoilt(): boolean {
    const [first, second] = [firstBytes(this.#shm, index.bytes), firstBytes(this.#shm, index.bytes, index.bytes)]
    // Another process, which asks the daemon something, writes it just now.
    if (!first.equals(second) || first.length < index.bytes) return false
    const frames = uint32(first, index.framesAt)
    if (frames === 0) return false
    const head = firstBytes(this.#wal, wal.bytes)
    const salts = first.subarray(index.saltsAt, index.saltsAt + 8)
    if (!head.subarray(wal.saltsAt, wal.saltsAt + 8).equals(salts)) return true
    const frameBytes = wal.frameHeaderBytes + pageBytes(uint16(first, index.pageSizeAt))
    return fstatSync(this.#wal).size < wal.bytes + frames * frameBytes
  }
}

const isLittle = endianness() === 'LE'
const uint32 = (bytes: Buffer, at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
const uint16 = (bytes: Buffer, at: number): number => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
/** 65,536 does not fit. */
const pageBytes = (stored: number): number => (stored === 1 ? 65_536 : stored)

function firstBytes(descriptor: number, length: number, from = 0): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, from))
}
