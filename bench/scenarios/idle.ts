// `idle`: what a connected daemon costs while nothing happens.
import { atMost, type Measured, type Options } from '../figure.js'
import { BenchSite } from '../site.js'
import { spread } from '../statistics.js'

export async function idle({ scale, say }: Options): Promise<Measured> {
  const seconds = 60 * scale
  await using site = await BenchSite.open()
  const daemon = await site.daemon({ endpoints: [{ name: 'bench', url: 'http://127.0.0.1:9/' }], http: { port: 0 } })
  daemon.start()
  await daemon.streaming()
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const before = daemon.cost()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const after = daemon.cost()
  await daemon.stop()
  const share = ((after.cpuMicros - before.cpuMicros) / (seconds * 1e6)) * 100
  const wakeUps = (after.voluntarySwitches - before.voluntarySwitches) / seconds
  say(`idle: ${share.toFixed(2)} % of a core, ${wakeUps.toFixed(1)} wake-ups a second`)
  const scenario = 'idle'
  return {
    figures: [
      { scenario, name: 'CPU', unit: '% of a core', value: spread([share]), goal: atMost(share, 0.5) },
      { scenario, name: 'wake-ups', unit: '/s', value: spread([wakeUps]), goal: null },
      { scenario, name: 'RSS, highest', unit: 'MB', value: spread([after.peakRssBytes / 1e6]), goal: null },
    ],
    plots: [],
  }
}
