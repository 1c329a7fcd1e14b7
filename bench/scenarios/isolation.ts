// `isolation`: what a healthy endpoint's latency becomes beside one that refuses and one that never answers.
import { createServer } from 'node:net'
import { atMost, type Measured, type Options } from '../figure.js'
import { lagsOf } from '../lags.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { percentile, spread } from '../statistics.js'

const rate = 200

export async function isolation({ rounds, scale, say }: Options): Promise<Measured> {
  const seconds = 12 * scale
  await using site = await BenchSite.open()
  await using receiver = await BenchReceiver.start()
  const silent = createServer((socket) => socket.on('error', () => undefined).resume())
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const healthy = { name: 'healthy', url: receiver.url('/bench') }
  const ill = [
    { name: 'dead', url: 'http://127.0.0.1:9/' },
    { name: 'hanging', url: `http://127.0.0.1:${port}/` },
  ]
  const alone: number[] = []
  const beside: number[] = []
  try {
    for (let round = 0; round <= rounds; round += 1) {
      for (const [endpoints, into] of [
        [[healthy], alone],
        [[healthy, ...ill], beside],
      ] as const) {
        const daemon = await site.daemon({ endpoints, http: false })
        const p99 = percentile(await lagsOf(daemon, { site, receiver, rate, seconds }), 0.99)
        if (round > 0) into.push(p99)
      }
      say(
        `isolation ${round}: p99 ${alone.at(-1)?.toFixed(2)} ms alone, ${beside.at(-1)?.toFixed(2)} ms beside two ill ones`,
      )
    }
  } finally {
    silent.close()
  }
  const ratio = spread(beside.map((value, at) => value / (alone[at] ?? Number.NaN)))
  const scenario = 'isolation'
  return {
    figures: [
      { scenario, name: 'p99 alone', unit: 'ms', value: spread(alone), goal: null },
      { scenario, name: 'p99 beside a dead and a hanging one', unit: 'ms', value: spread(beside), goal: null },
      { scenario, name: 'ratio', unit: '', value: ratio, goal: atMost(ratio.median, 1.3) },
    ],
    plots: [],
  }
}
