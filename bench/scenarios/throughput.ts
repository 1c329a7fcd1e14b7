// `throughput`, `wide`: a backlog of one-row transactions waits in the slot; the daemon from its start to the last 2xx, against
// the bare POST loop. Half are appointments that are booked, half are resolved state changes.
import { type Ceiling, ceiling } from '../ceiling.js'
import { atLeast, type Figure, type Measured, type Options } from '../figure.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { spread } from '../statistics.js'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

export async function throughput(options: Options, columns: 'plain' | 'wide'): Promise<Measured> {
  const { rounds, scale, say } = options
  const scenario = columns === 'wide' ? 'wide' : 'throughput'
  const count = Math.round(100_000 * scale)
  await using site = await BenchSite.open()
  await using receiver = await BenchReceiver.start()
  const endpoints = [{ name: 'bench', url: receiver.url('/bench'), secrets: [secret] }]
  const daemons = []
  for (let round = 0; round <= rounds; round += 1) daemons.push(await site.daemon({ endpoints, http: false }))
  await site.work(count / 2, columns)
  const rates: number[] = []
  const cpu: number[] = []
  const rss: number[] = []
  const limits: Ceiling[] = []
  const ratios: number[] = []
  for (const [round, daemon] of daemons.entries()) {
    await receiver.reset({ keepSamples: 500, checkOrder: true })
    const started = performance.timeOrigin + performance.now()
    daemon.start()
    const ended = await receiver.until(count)
    const cost = daemon.cost()
    const { samples, outOfOrder } = await receiver.report()
    await daemon.stop()
    if (outOfOrder > 0) throw new Error(`${outOfOrder} notifications came out of order`)
    await receiver.reset()
    const limit = await ceiling(receiver, samples, count, 16)
    const rate = count / ((ended - started) / 1000)
    say(`${scenario} ${round}: ${rate.toFixed(0)}/s of ${limit.perSecond.toFixed(0)}/s`)
    // The first one warms the machine up.
    if (round === 0) continue
    rates.push(rate)
    cpu.push(cost.cpuMicros / count)
    rss.push(cost.peakRssBytes / 1e6)
    limits.push(limit)
    ratios.push(rate / limit.perSecond)
  }
  const ratio = spread(ratios)
  const figure = (name: string, unit: string, values: readonly number[], goal: Figure['goal'] = null): Figure => ({
    scenario,
    name,
    unit,
    value: spread(values),
    goal,
  })
  const ofLimit = (pick: (limit: Ceiling) => number) => limits.map(pick)
  return {
    figures: [
      figure('notifications', '/s', rates),
      figure(
        'ceiling',
        '/s',
        ofLimit(({ perSecond }) => perSecond),
      ),
      { ...figure('ratio', '', ratios), goal: atLeast(ratio.median, 0.6) },
      figure('CPU each', 'µs', cpu),
      figure(
        'CPU each, ceiling',
        'µs',
        ofLimit(({ cpuMicrosEach }) => cpuMicrosEach),
      ),
      figure('peak RSS', 'MB', rss),
    ],
    plots: [
      {
        name: scenario,
        title: `${scenario}: notifications a second`,
        unit: '/s',
        bars: [
          { label: 'notifyd', value: spread(rates).median },
          { label: 'bare POST loop', value: spread(ofLimit(({ perSecond }) => perSecond)).median },
        ],
      },
    ],
  }
}
