// The walsender connection: START_REPLICATION out, XLogData and keepalives in, exact status frames out. Owns the wire and
// its liveness; knows nothing of what the bytes mean. Ours rather than the parser package's service, which acknowledges
// LSN + 1 and what was only received.
// https://www.postgresql.org/docs/current/protocol-replication.html
import type pg from 'pg'
import { errorCode, StreamError } from '../base/errors.js'
import { postgresEpochMicros } from '../base/time.js'
import { isSilent, statusIntervalMs } from './acknowledgement.js'
import { isDecodedHere } from './charset.js'
import { clientClass, connectionConfig, type DatabaseAddress } from './connection.js'
import type { Switch } from './history.js'
import { formatLsn, type Lsn, parseLsn, toLsn } from './lsn.js'

export interface SystemIdentity {
  readonly systemIdentifier: string
  readonly timeline: number
  /** The server's end of WAL when it was asked. */
  readonly walEnd: Lsn
}

/** Called synchronously; `payload` is only valid during the call, because the parser reuses its buffer. */
export interface StreamEvents {
  data(payload: Buffer): void
  keepalive(walEnd: Lsn, replyRequested: boolean): void
  /** Once, when the connection is gone for whatever reason; null after `close()`. */
  ended(error: Error | null): void
}

const frameLength = 34
/** For each answer before the stream; later its own liveness is watched, and no query may have a limit. */
const answerMs = 10_000

export class ReplicationStream implements AsyncDisposable {
  readonly #client: pg.Client
  #events: StreamEvents | null = null
  #timer: NodeJS.Timeout | null = null
  #walSenderTimeoutMs = 60_000
  #encoding = 'UTF8'
  #flush: Lsn = 0n as Lsn
  #lastStatusAt = 0
  #lastInboundAt = 0
  #paused = false
  #over = false
  #streaming: Promise<void> = Promise.resolve()

  private constructor(
    client: pg.Client,
    private readonly answerMs: number,
  ) {
    this.#client = client
  }

  /** Connects; nothing streams yet. @throws whatever pg throws: a SQLSTATE, a system code, or an error without either. */
  static async connect(address: DatabaseAddress, limits = { answerMs }): Promise<ReplicationStream> {
    const config = { ...connectionConfig(address, ['statement_timeout=0']), replication: 'database' }
    const client = new (clientClass(address))(config)
    const stream = new ReplicationStream(client, limits.answerMs)
    client.on('error', (error) => stream.#end(error))
    client.on('end', () => stream.#end(new StreamError('ENDED', 'the server closed the replication connection')))
    await client.connect()
    stream.#encoding = await stream.#show('server_encoding')
    if (isDecodedHere(stream.#encoding)) await stream.#ask("SET client_encoding = 'SQL_ASCII'")
    return stream
  }

  /** In which names and values arrive: the database's own. */
  get encoding(): string {
    return this.#encoding
  }

  async identify(): Promise<SystemIdentity> {
    const rows = await this.#ask<{ systemid: string; timeline: number; xlogpos: string }>('IDENTIFY_SYSTEM')
    const [row] = rows
    if (row === undefined) throw new StreamError('MALFORMED', 'IDENTIFY_SYSTEM gave no row')
    return { systemIdentifier: row.systemid, timeline: Number(row.timeline), walEnd: parseLsn(row.xlogpos) }
  }

  /** Where each earlier timeline was left (a history file: `timeline TAB lsn TAB reason` a line); none: there is no file. */
  async history(timeline: number): Promise<readonly Switch[]> {
    if (timeline === 1) return []
    const rows = await this.#ask<{ content: Buffer | string }>(`TIMELINE_HISTORY ${timeline}`).catch(
      (error: unknown) => {
        // 58P01, undefined_file: somebody has tidied pg_wal, or the timeline was set by pg_resetwal.
        if (errorCode(error) === '58P01') return []
        throw error
      },
    )
    const lines = String(rows[0]?.content ?? '').matchAll(/^(\d+)\t([0-9A-F]+\/[0-9A-F]+)\t/gm)
    return [...lines].map(([, left = '', lsn = '']) => ({ timeline: Number(left), switchLsn: parseLsn(lsn) }))
  }

  /** Starts streaming at exactly `from`. The promise resolves when the server has accepted. @throws as `connect`. */
  async start(slot: string, publication: string, from: Lsn, events: StreamEvents): Promise<void> {
    const version = await this.#show('server_version_num')
    // Without this a transaction_timeout of the role ends the walsender; the setting is unknown before 17.
    if (Number(version) >= 170_000) await this.#ask('SET transaction_timeout = 0')
    const [timeout] = await this.#ask<{ ms: string }>(
      "SELECT setting AS ms FROM pg_settings WHERE name = 'wal_sender_timeout'",
    )
    this.#walSenderTimeoutMs = Number(timeout?.ms ?? 60_000)
    this.#flush = from
    this.#events = events
    this.#client.connection.on('copyData', ({ chunk }: { chunk: Buffer }) => this.#frame(chunk))
    const command =
      `START_REPLICATION SLOT ${identifier(slot)} LOGICAL ${formatLsn(from)} ` +
      `(proto_version '1', publication_names ${literal(identifier(publication))})`
    await new Promise<void>((resolve, reject) => {
      const noAnswer = new StreamError('SILENT', 'the server did not answer START_REPLICATION')
      const timer = setTimeout(() => this.destroy(noAnswer), this.answerMs)
      this.#client.connection.once('replicationStart', () => {
        clearTimeout(timer)
        resolve()
      })
      // Stays pending for as long as the stream lives, and rejects when it is refused or dropped.
      this.#streaming = this.#client.query(command).then(
        () => this.#end(new StreamError('ENDED', 'the server ended the stream')),
        (error: Error) => {
          clearTimeout(timer)
          reject(error)
          this.#end(error)
        },
      )
    })
    this.#lastInboundAt = performance.now()
    const intervalMs = statusIntervalMs(this.#walSenderTimeoutMs)
    const lookMs = Math.min(1000, intervalMs)
    this.#timer = setInterval(() => this.#tick(intervalMs, lookMs), lookMs)
    this.#sendStatus(true)
  }

  /** Tells the server what is durable: at once where that is news, else by the timer. */
  acknowledge(flush: Lsn): void {
    if (flush <= this.#flush) return
    this.#flush = flush
    this.#sendStatus(false)
  }

  /** Answers the server's question without news, at most every 100 ms: more often would be a storm at its shutdown. */
  reply(): void {
    if (performance.now() - this.#lastStatusAt >= 100) this.#sendStatus(false)
  }

  /** Back-pressure: stops reading the socket. Status frames go on. */
  pause(): void {
    if (this.#paused || this.#over) return
    this.#paused = true
    this.#socket().pause()
  }

  resume(): void {
    if (!this.#paused || this.#over) return
    this.#paused = false
    this.#lastInboundAt = performance.now()
    this.#socket().resume()
  }

  /** Ends the connection; a last status frame carries what is durable. Resolves when the socket is closed. */
  async close(): Promise<void> {
    if (!this.#over) {
      this.resume()
      this.#sendStatus(false)
      this.#copyConnection().endCopyFrom()
    }
    this.#end(null)
    // The server answers CopyDone when it has read the frame before it; pg would cut the connection without waiting.
    const timer = setTimeout(() => this.#socket().destroy(), 1000)
    await this.#streaming
    await this.#client.end()
    clearTimeout(timer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Drops the connection without a word: the peer is silent or may not be kept waiting. */
  destroy(error: Error): void {
    this.#end(error)
    this.#socket().destroy()
  }

  #frame(chunk: Buffer): void {
    if (this.#over || this.#events === null) return
    this.#lastInboundAt = performance.now()
    try {
      const kind = chunk[0]
      if (kind === 0x77 /* w: XLogData */ && chunk.length >= 25) this.#events.data(chunk.subarray(25))
      else if (kind === 0x6b /* k: keepalive */ && chunk.length >= 18) {
        this.#events.keepalive(toLsn(chunk.readBigUInt64BE(1)), chunk[17] === 1)
      } else throw new StreamError('MALFORMED', 'the server sent an unknown replication message')
    } catch (error) {
      this.destroy(error instanceof Error ? error : new StreamError('MALFORMED', 'a message could not be read'))
    }
  }

  #tick(intervalMs: number, nextLookMs: number): void {
    const nowMs = performance.now()
    const input = { nowMs, nextLookMs, lastInboundAt: this.#lastInboundAt, paused: this.#paused }
    if (isSilent({ ...input, walSenderTimeoutMs: this.#walSenderTimeoutMs })) {
      this.destroy(new StreamError('SILENT', 'the server has been silent for twice its wal_sender_timeout'))
    } else if (nowMs - this.#lastStatusAt >= intervalMs) this.#sendStatus(true)
  }

  /** The 34 bytes of a Standby status update: write = flush = apply, exactly, and never + 1. */
  #sendStatus(askForReply: boolean): void {
    if (this.#over) return
    const frame = Buffer.alloc(frameLength)
    frame[0] = 0x72 // r
    for (const offset of [1, 9, 17]) frame.writeBigUInt64BE(this.#flush, offset)
    frame.writeBigInt64BE(BigInt(Date.now() * 1000 - postgresEpochMicros), 25)
    frame[33] = askForReply ? 1 : 0
    this.#lastStatusAt = performance.now()
    this.#copyConnection().sendCopyFromChunk(frame)
  }

  #end(error: Error | null): void {
    if (this.#over) return
    this.#over = true
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#events?.ended(error)
  }

  #socket(): pg.Connection['stream'] {
    return this.#client.connection.stream
  }

  #copyConnection(): CopyConnection {
    return this.#client.connection as CopyConnection
  }

  async #show(setting: string): Promise<string> {
    const [row] = await this.#ask<Record<string, string>>(`SHOW ${setting}`)
    return row?.[setting] ?? ''
  }

  async #ask<Row extends pg.QueryResultRow>(text: string): Promise<readonly Row[]> {
    const query: pg.QueryConfig & { readonly query_timeout: number } = { text, query_timeout: this.answerMs }
    return (await this.#client.query<Row>(query)).rows
  }
}

/** What pg's connection has and its types do not say. */
interface CopyConnection extends pg.Connection {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
