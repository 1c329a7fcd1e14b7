// A TCP path that can fail. In: where to. Out: a port that leads there until it is frozen (nothing moves, nothing is closed)
// or cut (every connection is reset).
import { connect, createServer, type Server, type Socket } from 'node:net'

export class TcpPath implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isFrozen = false
  #freezesAt: string | null = null
  #tellFrozen: () => void = () => undefined
  /** Resolves at the first freeze. */
  readonly frozen = new Promise<void>((resolve) => {
    this.#tellFrozen = resolve
  })

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((inward) => {
      const outward = connect(target)
      this.#join(inward, outward)
      this.#join(outward, inward)
      if (this.#isFrozen) for (const socket of [inward, outward]) socket.pause()
    })
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<TcpPath> {
    const path = new TcpPath(target)
    await new Promise<void>((resolve, reject) => {
      path.#server.once('error', reject)
      path.#server.listen(0, '127.0.0.1', resolve)
    })
    return path
  }

  get port(): number {
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the path is closed')
    return address.port
  }

  freeze(): void {
    this.#isFrozen = true
    this.#tellFrozen()
    for (const socket of this.#sockets) socket.pause()
  }

  /** Freezes when somebody sends this; it does not arrive. */
  freezeAt(text: string): void {
    this.#freezesAt = text
  }

  thaw(): void {
    this.#isFrozen = false
    this.#freezesAt = null
    for (const socket of this.#sockets) socket.resume()
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('data', (chunk) => {
      if (this.#freezesAt !== null && chunk.includes(this.#freezesAt)) {
        this.freeze()
        return
      }
      if (to.write(chunk)) return
      from.pause()
      to.once('drain', () => {
        if (!this.#isFrozen) from.resume()
      })
    })
    from.on('error', () => to.destroy())
    from.on('end', () => to.end())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}
