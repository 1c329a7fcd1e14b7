// `outage`: an endpoint is down while a backlog commits, then up: how long it takes to drain, in order.
import { ceiling } from '../ceiling.js'
import type { Measured, Options } from '../figure.js'
import { atMost } from '../figure.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { spread } from '../statistics.js'

export async function outage({ rounds, scale, say }: Options): Promise<Measured> {
  const count = 2 * Math.round(50_000 * scale)
  const drains: number[] = []
  const ratios: number[] = []
  const rss: number[] = []
  for (let round = 0; round < Math.max(1, Math.ceil(rounds / 2)); round += 1) {
    await using site = await BenchSite.open()
    await using receiver = await BenchReceiver.start()
    const retry_seconds = Array.from({ length: 100 }, () => 1)
    const down = { name: 'bench', url: 'http://127.0.0.1:9/bench', retry_seconds }
    const daemon = await site.daemon({ endpoints: [down], http: false })
    daemon.start()
    await daemon.streaming()
    await site.acknowledged(daemon.slot, await site.work(count / 2))
    await daemon.stop()
    await daemon.configure({ endpoints: [{ ...down, url: receiver.url('/bench') }], http: false })
    await receiver.reset({ checkOrder: true, keepSamples: 500 })
    daemon.start()
    await receiver.until(count)
    const { firstAt, lastAt, samples, outOfOrder } = await receiver.report()
    const cost = daemon.cost()
    await daemon.stop()
    if (outOfOrder > 0) throw new Error(`${outOfOrder} notifications came out of order`)
    await receiver.reset()
    const limit = await ceiling(receiver, samples, count, 16)
    const rate = count / ((lastAt - firstAt) / 1000)
    drains.push((lastAt - firstAt) / 1000)
    ratios.push(rate / limit.perSecond)
    rss.push(cost.peakRssBytes / 1e6)
    say(`outage ${round}: ${rate.toFixed(0)}/s of ${limit.perSecond.toFixed(0)}/s`)
  }
  const scenario = 'outage'
  return {
    figures: [
      { scenario, name: `to drain ${count}`, unit: 's', value: spread(drains), goal: null },
      { scenario, name: 'ratio to ceiling', unit: '', value: spread(ratios), goal: null },
      { scenario, name: 'peak RSS', unit: 'MB', value: spread(rss), goal: atMost(spread(rss).highest, 256) },
    ],
    plots: [],
  }
}
