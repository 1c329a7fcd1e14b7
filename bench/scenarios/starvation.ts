// `starvation`: how fast two endpoints that were down are paid when they answer again, while the clinic goes on writing: on this
// machine as it is, and with two busy loops beside.
import { Worker } from 'node:worker_threads'
import { atLeast, type Measured, type Options } from '../figure.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { spread } from '../statistics.js'

const loops = 2

export async function starvation({ rounds, scale, say }: Options): Promise<Measured> {
  const bookings = Math.round(20_000 * scale)
  const rates: { quiet: number[]; busy: number[] } = { quiet: [], busy: [] }
  for (let round = 0; round < Math.max(1, Math.ceil(rounds / 2)); round += 1) {
    for (const machine of ['quiet', 'busy'] as const) {
      await using site = await BenchSite.open()
      await using receiver = await BenchReceiver.start()
      const to = (url: string) => ['one', 'two'].map((name) => ({ name, url, retry_seconds: [30, 30, 30, 30] }))
      const daemon = await site.daemon({ endpoints: to('http://127.0.0.1:9/'), http: false })
      daemon.start()
      await daemon.streaming()
      await site.acknowledged(daemon.slot, await site.work(bookings))
      await daemon.stop()
      await daemon.configure({ endpoints: to(receiver.url('/bench')), http: false })
      await receiver.reset({ keepSamples: 1 })
      const busy =
        machine === 'busy' ? Array.from({ length: loops }, () => new Worker('for (;;);', { eval: true })) : []
      daemon.start()
      // Each booking is told twice, to each of the two; what commits meanwhile is told too.
      await site.work(bookings / 2)
      const due = 2 * 2 * (bookings + bookings / 2)
      await receiver.until(due)
      const { firstAt, lastAt } = await receiver.report()
      await Promise.all(busy.map((worker) => worker.terminate()))
      await daemon.stop()
      const rate = due / ((lastAt - firstAt) / 1000)
      rates[machine].push(rate)
      say(`starvation ${round}: ${rate.toFixed(0)}/s on a ${machine} machine`)
    }
  }
  const ratio = spread(rates.busy.map((rate, at) => rate / (rates.quiet[at] ?? Number.NaN)))
  const scenario = 'starvation'
  return {
    figures: [
      { scenario, name: 'paid', unit: '/s', value: spread(rates.quiet), goal: null },
      { scenario, name: `paid beside ${loops} busy loops`, unit: '/s', value: spread(rates.busy), goal: null },
      { scenario, name: 'ratio', unit: '', value: ratio, goal: atLeast(ratio.median, 0.5) },
    ],
    plots: [],
  }
}
