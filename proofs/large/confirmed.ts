// What the server says of a slot's confirmed_flush, every few milliseconds: the values it has taken, in order.
import pg from 'pg'
import { type Lsn, parseLsn } from '../../src/capture/lsn.js'

const everyMs = 20

export class ConfirmedWatch implements AsyncDisposable {
  /** Distinct values, in the order in which they were seen. */
  readonly seen: Lsn[] = []
  #isOver = false
  #watching: Promise<void> = Promise.resolve()

  private constructor(
    private readonly client: pg.Client,
    private readonly slot: string,
  ) {}

  static async start(url: string, slot: string): Promise<ConfirmedWatch> {
    const client = new pg.Client(url)
    await client.connect()
    const watch = new ConfirmedWatch(client, slot)
    await watch.#look()
    watch.#watching = watch.#run()
    return watch
  }

  get last(): Lsn {
    const last = this.seen.at(-1)
    if (last === undefined) throw new Error('the slot was not looked at')
    return last
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#watching
    await this.client.end()
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#look()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  async #look(): Promise<void> {
    const query = 'SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = $1'
    const { rows } = await this.client.query<{ lsn: string }>(query, [this.slot])
    const [row] = rows
    if (row === undefined) throw new Error(`there is no slot ${this.slot}`)
    const lsn = parseLsn(row.lsn)
    if (lsn !== this.seen.at(-1)) this.seen.push(lsn)
  }
}
