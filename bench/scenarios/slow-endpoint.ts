// `slow-endpoint`: an endpoint that answers after 50 ms, with the default concurrency and with 256.
import { atLeast, type Figure, type Measured, type Options } from '../figure.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { spread } from '../statistics.js'

export async function slowEndpoint({ rounds, scale, say }: Options): Promise<Measured> {
  const scenario = 'slow-endpoint'
  const figures: Figure[] = []
  const bars: { label: string; value: number }[] = []
  for (const [concurrency, goal, transactions] of [
    [16, 300, 3_000],
    [256, 4_000, 30_000],
  ] as const) {
    const count = 2 * Math.round((transactions * scale) / 2)
    await using site = await BenchSite.open()
    await using receiver = await BenchReceiver.start()
    const endpoint = { name: 'bench', url: receiver.url('/bench'), ...(concurrency !== 16 && { concurrency }) }
    const daemons = []
    for (let round = 0; round <= rounds; round += 1) {
      daemons.push(await site.daemon({ endpoints: [endpoint], http: false }))
    }
    await site.work(count / 2)
    const rates: number[] = []
    for (const [round, daemon] of daemons.entries()) {
      await receiver.reset({ delayMs: 50, checkOrder: true })
      daemon.start()
      await receiver.until(count)
      const { firstAt, lastAt, outOfOrder } = await receiver.report()
      await daemon.stop()
      if (outOfOrder > 0) throw new Error(`${outOfOrder} notifications came out of order`)
      const rate = count / ((lastAt - firstAt) / 1000)
      say(`${scenario} ${concurrency}, ${round}: ${rate.toFixed(0)}/s`)
      if (round > 0) rates.push(rate)
    }
    const value = spread(rates)
    figures.push({ scenario, name: `concurrency ${concurrency}`, unit: '/s', value, goal: atLeast(value.median, goal) })
    bars.push({ label: `concurrency ${concurrency}`, value: value.median })
  }
  const title = 'slow endpoint (50 ms): notifications a second'
  return { figures, plots: [{ name: scenario, title, unit: '/s', bars }] }
}
