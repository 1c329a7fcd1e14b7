// An HTTP receiver that trusts nobody. In: POSTs. Out: a record of each (signature checked, order and open requests per
// appointment watched) and whatever answer it was told to give.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Answering, accept, type Behaviour, perform } from './behaviour.js'
import { laneOf, type Post, preciseNow, readPost } from './post.js'

export interface ReceiverOptions {
  /** `whsec_` + base64. A POST is held to be signed when any of them vouches for it. */
  readonly secrets?: readonly string[]
  /** Default: a free one. */
  readonly port?: number
}

/** A rule of the delivery contract that the sender broke. */
export type Fault =
  /** No secret of ours vouches for it. */
  | { readonly tag: 'signature'; readonly post: Post }
  /** Another request of the same appointment was still open. */
  | { readonly tag: 'overlap'; readonly post: Post }
  /** A later notification of the same appointment had come before. Replays are judged among themselves. */
  | { readonly tag: 'order'; readonly post: Post; readonly after: Post }

/** A queue is used up one by one, and then every POST is accepted; a function is asked for each. */
export type Program = readonly Behaviour[] | ((post: Post) => Behaviour)

/** Opens the port. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = new Receiver(options.secrets ?? [])
  await receiver.open(options.port ?? 0)
  return receiver
}

export class Receiver implements AsyncDisposable {
  /** In order of arrival (of their last byte). */
  readonly posts: Post[] = []
  /** Most requests that were ever open at once, over all paths. */
  mostOpen = 0
  readonly #secrets: readonly string[]
  readonly #programs = new Map<string, (post: Post) => Behaviour>()
  readonly #openInLane = new Map<string, number>()
  readonly #waiting = new Set<() => void>()
  #open = 0
  #server: Server | null = null
  #port = 0

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  get port(): number {
    return this.#port
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.#port}${path}`
  }

  /** Says how POSTs to a path (without a query) are answered from now on. Open requests keep their answer. */
  program(path: string, program: Program): void {
    if (typeof program === 'function') {
      this.#programs.set(path, program)
    } else {
      const queue = [...program]
      this.#programs.set(path, () => queue.shift() ?? accept)
    }
  }

  /** Closes the port and cuts every connection: from now on connections are refused. */
  async refuse(): Promise<void> {
    const server = this.#server
    if (server === null) return
    this.#server = null
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }

  /** Opens the port, after `refuse` the same one again. */
  async open(port = this.#port): Promise<void> {
    const server = createServer((request, response) => this.#receive(request, response))
    server.keepAliveTimeout = 60_000 // who closes an idle connection is not what tests are about
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    const address = server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
    this.#server = server
  }

  /** POSTs that were answered with a 2xx, in order of arrival. */
  get delivered(): readonly Post[] {
    return this.posts.filter(({ answered }) => answered !== null && answered.status >= 200 && answered.status < 300)
  }

  /** Every rule broken so far. With no secrets, signatures are not judged. */
  get faults(): readonly Fault[] {
    const faults: Fault[] = []
    const latest = new Map<string, Post>()
    for (const post of this.posts) {
      if (this.#secrets.length > 0 && post.verifiedBy.length === 0) faults.push({ tag: 'signature', post })
      if (post.openBefore > 0) faults.push({ tag: 'overlap', post })
      if (post.sequence === null || post.appointmentExternalId === null) continue
      const lane = `${post.replay} ${laneOf(post.path, post.appointmentExternalId)}`
      const after = latest.get(lane)
      if (after?.sequence != null && after.sequence > post.sequence) faults.push({ tag: 'order', post, after })
      else latest.set(lane, post)
    }
    return faults
  }

  /**
   * Waits, by events, until the predicate holds; it is asked after each POST and each end of one.
   * @throws Error after `timeoutMs`, with what had come by then.
   */
  async until(predicate: (receiver: this) => boolean, timeoutMs = 60_000): Promise<void> {
    if (predicate(this)) return
    await new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(ask)
        settle()
      }
      const ask = () => {
        try {
          if (predicate(this)) finish(resolve)
        } catch (error) {
          finish(() => reject(error))
        }
      }
      const timer = setTimeout(() => {
        const seen = `${this.posts.length} POSTs, ${this.delivered.length} of them answered 2xx`
        finish(() => reject(new Error(`not within ${timeoutMs} ms: ${predicate} (${seen})`)))
      }, timeoutMs)
      this.#waiting.add(ask)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse()
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const arrivedAt = preciseNow()
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.once('end', () => {
      const openBefore = (lane: string) => this.#openInLane.get(lane) ?? 0
      const post = readPost(request, Buffer.concat(pieces), { arrivedAt, secrets: this.#secrets, openBefore })
      this.posts.push(post)
      const answering = this.#watch(post, response)
      const program = this.#programs.get(post.path.split('?', 1)[0] ?? '')
      perform(program ? program(post) : accept, response, answering)
      this.#tell()
    })
  }

  /** Keeps count of open requests until this one ends; gives what is told of it past node:http. */
  #watch(post: Post, response: ServerResponse): Answering {
    const lane = post.appointmentExternalId === null ? null : laneOf(post.path, post.appointmentExternalId)
    const count = (by: 1 | -1) => {
      this.#open += by
      this.mostOpen = Math.max(this.mostOpen, this.#open)
      if (lane === null) return
      const open = (this.#openInLane.get(lane) ?? 0) + by
      if (open === 0) this.#openInLane.delete(lane)
      else this.#openInLane.set(lane, open)
    }
    count(1)
    // `finish` comes in the turn in which the last byte left, so before anything the sender does next
    const headed = (status: number) => {
      post.answered ??= { status, at: preciseNow() }
      this.#tell()
    }
    const ended = (status: number | null) => {
      if (post.ended) return
      post.ended = true
      if (status !== null) post.answered ??= { status, at: preciseNow() }
      count(-1)
      this.#tell()
    }
    const end = () => ended(response.writableFinished ? response.statusCode : null)
    response.once('finish', end)
    response.once('close', end)
    return { headed, ended }
  }

  #tell(): void {
    for (const ask of [...this.#waiting]) ask()
  }
}
