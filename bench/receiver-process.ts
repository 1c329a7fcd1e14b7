// The receiver, in a process of its own: takes POSTs over keep-alive connections, answers 204 at once or late, and keeps
// what the figures need. Spoken to over IPC. It parses no more of HTTP than the daemon sends, so that it is not the limit.
import { createServer, type Socket } from 'node:net'
import type { Ask, Report, Told } from './receiver.js'

interface Settings {
  readonly delayMs: number
  readonly keepSamples: number
  readonly checkOrder: boolean
}

let settings: Settings = { delayMs: 0, keepSamples: 0, checkOrder: false }
let count = 0
let replayed = 0
let lags: number[] = []
let samples: { headers: string[]; body: string }[] = []
let lastSequence = new Map<string, number>()
let outOfOrder = 0
let firstAt = 0
let lastAt = 0
let waitFor: Extract<Ask, { tag: 'wait' }> | null = null

const answer = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n')
const now = () => performance.timeOrigin + performance.now()
const tell = (told: Told) => process.send?.(told)

function take(head: string, body: string): void {
  if (headerOf(head, 'notification-replay') === null) takeLive(head, body)
  else replayed += 1
  if (isReached()) reached()
}

const isReached = () => waitFor !== null && (waitFor.of === 'live' ? count : replayed) >= waitFor.count

function takeLive(head: string, body: string): void {
  const at = now()
  if (count === 0) firstAt = at
  lastAt = at
  count += 1
  const committed = headerOf(head, 'notification-committed-at')
  if (committed !== null) lags.push(at - milliseconds(committed))
  if (settings.checkOrder) {
    const key = `${head.slice(0, head.indexOf(' HTTP'))} ${/"appointment_external_id":"([^"]*)"/.exec(body)?.[1]}`
    const sequence = Number(headerOf(head, 'notification-sequence'))
    if ((lastSequence.get(key) ?? 0) >= sequence) outOfOrder += 1
    lastSequence.set(key, sequence)
  }
  if (samples.length < settings.keepSamples) samples.push({ headers: head.split('\r\n').slice(1), body })
}

function reached(): void {
  waitFor = null
  tell({ tag: 'reached', at: now() })
}

/** Microseconds of PostgreSQL's clock are kept. */
function milliseconds(iso: string): number {
  const micros = /\.\d{3}(\d{3})/.exec(iso)?.[1] ?? '0'
  return Date.parse(iso.replace(/(\.\d{3})\d+/, '$1')) + Number(micros) / 1000
}

function headerOf(head: string, name: string): string | null {
  const from = head.indexOf(`\r\n${name}: `)
  if (from < 0) return null
  const value = from + name.length + 4
  const end = head.indexOf('\r\n', value)
  return head.slice(value, end < 0 ? undefined : end)
}

function serve(socket: Socket): void {
  let rest = ''
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1')
    for (;;) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = rest.slice(0, end)
      const length = Number(headerOf(head, 'content-length') ?? 0)
      if (rest.length < end + 4 + length) return
      take(head, rest.slice(end + 4, end + 4 + length))
      rest = rest.slice(end + 4 + length)
      if (settings.delayMs === 0) socket.write(answer)
      else setTimeout(() => socket.write(answer), settings.delayMs)
    }
  })
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') tell({ tag: 'listening', port: address.port })
})

process.on('message', (ask: Ask) => {
  switch (ask.tag) {
    case 'reset':
      settings = { delayMs: ask.delayMs ?? 0, keepSamples: ask.keepSamples ?? 0, checkOrder: ask.checkOrder ?? false }
      count = 0
      replayed = 0
      lags = []
      samples = []
      lastSequence = new Map()
      outOfOrder = 0
      waitFor = null
      tell({ tag: 'done' })
      return
    case 'wait':
      waitFor = ask
      if (isReached()) reached()
      return
    case 'report': {
      const report: Report = { count, replayed, firstAt, lastAt, lags, samples, outOfOrder }
      tell({ tag: 'report', report })
      return
    }
    default:
      ask satisfies never
  }
})
process.on('disconnect', () => process.exit(0))
