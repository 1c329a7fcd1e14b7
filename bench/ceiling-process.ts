// The limit: undici alone, POSTing ready-made requests at a fixed concurrency. Prints what it took as JSON.
import { readFileSync } from 'node:fs'
import { type Dispatcher, Pool } from 'undici'
import { costOf } from './process.js'
import type { Sample } from './receiver.js'

const [origin = '', file = '', countText = '', concurrencyText = ''] = process.argv.slice(2)
const concurrency = Number(concurrencyText)
const count = Number(countText)
// undici makes these three itself.
const own = new Set(['host', 'connection', 'content-length'])
const requests = (JSON.parse(readFileSync(file, 'utf8')) as Sample[]).map(({ headers, body }) => ({
  headers: headers.flatMap((line) => {
    const [name = '', value = ''] = line.split(/: (.*)/)
    return own.has(name) ? [] : [name, value]
  }),
  body,
}))
const pool = new Pool(origin, { connections: concurrency, pipelining: 1 })

function run(total: number): Promise<void> {
  let sent = 0
  let ended = 0
  return new Promise((resolve, reject) => {
    const next = () => {
      const request = requests[sent % requests.length]
      if (sent === total || request === undefined) return
      sent += 1
      pool.dispatch({ path: '/ceiling', method: 'POST', headers: request.headers, body: request.body }, handler)
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseEnd() {
        ended += 1
        if (ended === total) resolve()
        else next()
      },
      onResponseError: (_, error) => reject(error),
    }
    for (let open = 0; open < concurrency; open += 1) next()
  })
}

await run(Math.min(5_000, count))
const before = costOf(process.pid)
const started = performance.now()
await run(count)
const seconds = (performance.now() - started) / 1000
const cpuMicros = costOf(process.pid).cpuMicros - before.cpuMicros
process.stdout.write(JSON.stringify({ perSecond: count / seconds, cpuMicrosEach: cpuMicros / count }))
await pool.close()
