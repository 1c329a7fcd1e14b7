import { connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { steadyNow } from '../../src/base/time.js'
import { toLsn, zeroLsn } from '../../src/capture/lsn.js'
import { type StatusLimits, statusLimits } from '../../src/status/bounded.js'
import { Metrics } from '../../src/status/metrics.js'
import { Reach } from '../../src/status/reach.js'
import { keepStatusServer } from '../../src/status/server.js'
import { initialState } from '../../src/status/state.js'
import { until } from '../support/condition.js'

function serve(port = 0, limits: StatusLimits = statusLimits) {
  const lines: Readonly<Record<string, unknown>>[] = []
  const stream = new Writable({
    write: (line, _, done) => {
      lines.push(JSON.parse(String(line)))
      done()
    },
  })
  const state = initialState()
  let isBroken = false
  const journal = () => {
    if (isBroken) throw new Error('planted')
    return null
  }
  const files = async () => null
  const metrics = new Metrics({ state, endpoints: [], models: [], version: '1', journal, files })
  const server = keepStatusServer({ host: '127.0.0.1', port, state, metrics, log: pino(stream), limits })
  const listening = async () => {
    await until(() => lines.some(({ msg }) => msg === 'status server listening'))
    return Number(lines.find(({ msg }) => msg === 'status server listening')?.['port'])
  }
  const break_ = () => {
    isBroken = true
  }
  return { state, lines, listening, break: break_, [Symbol.asyncDispose]: () => server.close() }
}

test('tells alive from ready, and gives the metrics', async () => {
  await using server = serve()
  const { state } = server
  const url = `http://127.0.0.1:${await server.listening()}`
  const status = async (path: string, method = 'GET') => (await fetch(`${url}${path}`, { method })).status
  expect([await status('/health/live'), await status('/health/ready')]).toEqual([200, 503])
  state.phase = 'standby'
  expect(await status('/health/ready')).toBe(503)
  state.phase = 'delivering_only'
  expect(await status('/health/ready')).toBe(200)
  state.phase = 'streaming'
  const lag = { received_lsn: null, lag_bytes: null, lag_seconds: null }
  const unknown = {
    ready: false,
    phase: 'streaming',
    reason: null,
    last_error: null,
    failed_checks: [],
    standstill: null,
    ...lag,
  }
  expect(await (await fetch(`${url}/health/ready`)).json()).toEqual(unknown)
  state.reach = new Reach({ reachedLsn: zeroLsn, receivedLsn: toLsn(0x16b3748n) })
  state.reach.saw({ serverEnd: zeroLsn, retainedBytes: 0, safeBytes: null }, steadyNow())
  expect(await status('/health/ready')).toBe(200)
  expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({
    ready: true,
    received_lsn: '0/16B3748',
    lag_bytes: 0,
    lag_seconds: 0,
  })
  state.standstill = () => ({ code: '22012', lsn: '0/16B3748', times: 3 })
  expect(await status('/health/ready')).toBe(503)
  state.standstill = () => null
  state.phase = 'connecting'
  expect(await status('/health/ready')).toBe(503)
  expect([await status('/nothing'), await status('/metrics', 'POST'), await status('/metrics?x=1', 'HEAD')]).toEqual([
    404, 405, 200,
  ])
  server.break()
  expect(await status('/metrics')).toBe(500)
  expect(server.lines.at(-1)).toMatchObject({ msg: 'the status server could not answer' })
})

test('says that its port is taken, and goes on without it', async () => {
  await using first = serve()
  const port = await first.listening()
  await using second = serve(port)
  await until(() => second.lines.length > 0)
  expect(second.lines).toMatchObject([{ msg: 'status server cannot listen; trying again', code: 'EADDRINUSE', port }])
})

/** Says so much, and then nothing. */
function silent(port: number, said: string): Socket {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => undefined).resume()
  socket.once('connect', () => socket.write(said))
  return socket
}

test('connections that say nothing, or half a request, are closed, and keep nobody out meanwhile', async () => {
  // The silent ones may stay for as long as the test takes: the limit alone is what lets the probe in.
  await using crowded = serve(0, { connections: 8, quietMs: 60_000 })
  const port = await crowded.listening()
  const held = Array.from({ length: 100 }, (_, index) => silent(port, index % 2 === 0 ? '' : 'GET /health/live HT'))
  const open = () => held.filter(({ closed }) => !closed).length
  await until(() => held.every(({ connecting }) => !connecting) && open() <= 8)
  expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200)
  expect(open()).toBeGreaterThan(0)
  for (const socket of held) socket.destroy()

  await using quick = serve(0, { connections: 64, quietMs: 100 })
  const few = ['', 'GET /health/live HT', 'GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n']
  const sockets = await quick.listening().then((at) => few.map((said) => silent(at, said)))
  await until(() => sockets.every(({ closed }) => closed))
})
