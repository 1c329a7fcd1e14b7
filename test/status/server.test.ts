import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Metrics } from '../../src/status/metrics.js'
import { keepStatusServer } from '../../src/status/server.js'
import { initialState } from '../../src/status/state.js'
import { until } from '../support/condition.js'

function serve(port = 0) {
  const lines: Readonly<Record<string, unknown>>[] = []
  const stream = new Writable({
    write: (line, _, done) => {
      lines.push(JSON.parse(String(line)))
      done()
    },
  })
  const state = initialState()
  const metrics = new Metrics(state, () => [{ endpoint: 'desk', owed: 3, dead: 1 }])
  const server = keepStatusServer({ host: '127.0.0.1', port, state, metrics, log: pino(stream) })
  const listening = async () => {
    await until(() => lines.some(({ msg }) => msg === 'status server listening'))
    return Number(lines.find(({ msg }) => msg === 'status server listening')?.['port'])
  }
  return { state, metrics, lines, listening, [Symbol.asyncDispose]: () => server.close() }
}

test('tells alive from ready, and gives the metrics', async () => {
  await using server = serve()
  const url = `http://127.0.0.1:${await server.listening()}`
  const status = async (path: string, method = 'GET') => (await fetch(`${url}${path}`, { method })).status
  expect([await status('/health/live'), await status('/health/ready')]).toEqual([200, 503])
  server.state.phase = 'standby'
  expect(await status('/health/ready')).toBe(503)
  server.state.phase = 'streaming'
  expect(await status('/health/ready')).toBe(200)
  expect([await status('/nothing'), await status('/metrics', 'POST'), await status('/metrics?x=1', 'HEAD')]).toEqual([
    404, 405, 200,
  ])
  server.metrics.attempts.inc({ endpoint: 'desk', outcome: 'delivered' })
  const text = await (await fetch(`${url}/metrics`)).text()
  expect(text).toMatch(/^notifyd_owed_deliveries\{endpoint="desk"\} 3$/m)
  expect(text).toMatch(/^notifyd_attempts_total\{endpoint="desk",outcome="delivered"\} 1$/m)
  expect(text).toMatch(/^notifyd_streaming 1$/m)
})

test('says that its port is taken, and goes on without it', async () => {
  await using first = serve()
  const port = await first.listening()
  await using second = serve(port)
  await until(() => second.lines.length > 0)
  expect(second.lines).toMatchObject([{ msg: 'status server cannot listen; trying again', code: 'EADDRINUSE', port }])
})
