// Whether a stream reaches the server's end of WAL, and how far behind it is. Looks at the server's end come in, each with its
// time; a look is reached once everything below it is in the journal. Pure but for the position that it asks for.
import type { Lsn } from '../capture/lsn.js'
import type { WalLook } from '../capture/wal-look.js'

export interface Position {
  /** Everything below it is in the journal, or held nothing for us. */
  readonly reachedLsn: Lsn
  /** The end of WAL as the stream last told it. */
  readonly receivedLsn: Lsn
}

export interface Distance {
  /** Some look was reached, and none waits for longer than a moment's work takes. */
  readonly isReached: boolean
  /** Null: the server was not looked at yet. */
  readonly lagBytes: number | null
  /** Age of the oldest look that is not reached: the stream is that far behind, to within the time between two looks. */
  readonly lagMs: number | null
}

export const unknownDistance: Distance = { isReached: false, lagBytes: null, lagMs: null }

/** A large transaction or a slow disk may take this long; what takes longer is not "being reached". */
const patienceMs = 30_000
/** The server is looked at every 10 s: a look as old as this says nothing of now. */
const staleMs = 60_000
/** In a long backlog every second look is enough. */
const maxWaiting = 128

export class Reach {
  #waiting: { readonly end: Lsn; readonly atMs: number }[] = []
  #hasReached = false
  #last: { readonly look: WalLook; readonly atMs: number } | null = null

  constructor(private readonly stream: Position) {}

  get receivedLsn(): Lsn {
    return this.stream.receivedLsn
  }

  /** The last look; null: none yet. */
  get look(): WalLook | null {
    return this.#last?.look ?? null
  }

  /** @param nowMs steady */
  saw(look: WalLook, nowMs: number): void {
    this.#last = { look, atMs: nowMs }
    this.#waiting.push({ end: look.serverEnd, atMs: nowMs })
    if (this.#waiting.length > maxWaiting) this.#waiting = this.#waiting.filter((_, index) => index % 2 === 0)
  }

  /** @param nowMs steady */
  distance(nowMs: number): Distance {
    if (this.#last === null) return unknownDistance
    const position = this.stream.reachedLsn
    const left = this.#waiting.findIndex(({ end }) => end > position)
    if (left !== 0) {
      this.#hasReached = true
      this.#waiting = left === -1 ? [] : this.#waiting.slice(left)
    }
    const oldest = this.#waiting[0]
    const lagMs = oldest === undefined ? 0 : nowMs - oldest.atMs
    const isFresh = nowMs - this.#last.atMs <= staleMs
    const { serverEnd } = this.#last.look
    return {
      isReached: this.#hasReached && isFresh && lagMs <= patienceMs,
      lagBytes: serverEnd > position ? Number(serverEnd - position) : 0,
      lagMs,
    }
  }
}
