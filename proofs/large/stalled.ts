// An endpoint that accepts every connection, reads what is sent, and never answers.
import { createServer, type Server, type Socket } from 'node:net'

export class StalledEndpoint implements AsyncDisposable {
  /** Connections so far. */
  accepted = 0
  mostOpen = 0
  readonly #open = new Set<Socket>()
  readonly #server: Server = createServer((socket) => this.#take(socket))

  /** Opens a port. Resolves to the endpoint's URL. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address !== 'object') throw new Error('the stalled endpoint has no port')
    return `http://127.0.0.1:${address.port}/stalled`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #take(socket: Socket): void {
    this.accepted += 1
    this.#open.add(socket)
    this.mostOpen = Math.max(this.mostOpen, this.#open.size)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#open.delete(socket))
    socket.resume()
  }
}
