// The healthy endpoint of a proof: answers 204 at once and keeps only what the verdict needs, so that a million POSTs fit.
// Judges by the headers alone: each id once, each sequence number once, an appointment's notifications in their order.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export interface TallyVerdict {
  readonly posts: number
  readonly ids: number
  readonly duplicates: number
  /** Numbers from 1 to the highest that never came. */
  readonly holes: number
  /** POSTs that came before one that the clinic committed earlier for the same appointment. */
  readonly outOfOrder: number
  /** Appointments that did not get all of their notifications. */
  readonly incomplete: number
}

export class Tally implements AsyncDisposable {
  posts = 0
  /** The `notification-lsn` of the first POST; null until then. */
  firstLsn: string | null = null
  readonly #ids = new Set<string>()
  readonly #sequences = new Set<number>()
  readonly #steps = new Map<string, number>()
  #outOfOrder = 0
  #server: Server | null = null

  /** @param story the notifications of every appointment, in the order of their commit */
  constructor(private readonly story: readonly string[]) {}

  /** Opens a port. Resolves to the endpoint's URL. */
  async open(): Promise<string> {
    const server = createServer((request, response) => this.#take(request, response))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address !== 'object') throw new Error('the healthy endpoint has no port')
    return `http://127.0.0.1:${address.port}/healthy`
  }

  get distinct(): number {
    return this.#ids.size
  }

  verdict(appointments: number): TallyVerdict {
    const complete = [...this.#steps.values()].filter((steps) => steps === this.story.length).length
    // As many distinct numbers as the highest: none is missing.
    const highest = [...this.#sequences].reduce((most, sequence) => Math.max(most, sequence), 0)
    return {
      posts: this.posts,
      ids: this.#ids.size,
      duplicates: this.posts - this.#ids.size,
      holes: highest - this.#sequences.size,
      outOfOrder: this.#outOfOrder,
      incomplete: appointments - complete,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => (this.#server === null ? resolve(null) : this.#server.close(resolve)))
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      this.#count(request, body)
      response.writeHead(204).end()
    })
  }

  #count({ headers }: IncomingMessage, body: string): void {
    this.posts += 1
    this.firstLsn ??= String(headers['notification-lsn'])
    this.#ids.add(String(headers['webhook-id']))
    this.#sequences.add(Number(headers['notification-sequence']))
    const appointment = /"appointment_external_id":"([^"]+)"/.exec(body)?.[1] ?? ''
    const step = this.#steps.get(appointment) ?? 0
    if (this.story[step] !== headers['notification-type']) this.#outOfOrder += 1
    this.#steps.set(appointment, step + 1)
  }
}
