// `capture`: the same backlog with every notification filtered out, so journal only, against a client that parses nothing.
import { Child } from '../child.js'
import { atLeast, type Measured, type Options } from '../figure.js'
import { BenchSite } from '../site.js'
import { spread } from '../statistics.js'

export async function capture({ rounds, scale, say }: Options): Promise<Measured> {
  const count = Math.round(100_000 * scale)
  await using site = await BenchSite.open()
  const endpoints = [{ name: 'bench', url: 'http://127.0.0.1:9/', notifications: [] }]
  const daemons = []
  const slots = []
  for (let round = 0; round <= rounds; round += 1) {
    daemons.push(await site.daemon({ endpoints, http: false }))
    slots.push(await site.slot())
  }
  const end = await site.work(count / 2)
  const rates: number[] = []
  const limits: number[] = []
  const cpu: number[] = []
  for (const [round, daemon] of daemons.entries()) {
    const rateOf = async (slot: string, begin: () => unknown) => {
      const started = performance.timeOrigin + performance.now()
      begin()
      return count / (((await site.acknowledged(slot, end)) - started) / 1000)
    }
    const rate = await rateOf(daemon.slot, () => daemon.start())
    const cost = daemon.cost()
    await daemon.stop()
    const slot = slots[round] ?? ''
    let child: Child | null = null
    const limit = await rateOf(slot, () => {
      child = new Child('./null-client-process.ts', [site.postgres.superuserUrl(), slot, end])
    })
    await (child as Child | null)?.exited
    say(`capture ${round}: ${rate.toFixed(0)}/s of ${limit.toFixed(0)}/s`)
    if (round === 0) continue
    rates.push(rate)
    limits.push(limit)
    cpu.push(cost.cpuMicros / count)
  }
  const ratios = rates.map((rate, at) => rate / (limits[at] ?? Number.NaN))
  const scenario = 'capture'
  return {
    figures: [
      { scenario, name: 'transactions', unit: '/s', value: spread(rates), goal: null },
      { scenario, name: 'null client', unit: '/s', value: spread(limits), goal: null },
      { scenario, name: 'ratio', unit: '', value: spread(ratios), goal: atLeast(spread(ratios).median, 0.6) },
      { scenario, name: 'CPU each', unit: 'µs', value: spread(cpu), goal: null },
    ],
    plots: [
      {
        name: scenario,
        title: 'capture: transactions a second into the journal',
        unit: '/s',
        bars: [
          { label: 'notifyd', value: spread(rates).median },
          { label: 'client that parses nothing', value: spread(limits).median },
        ],
      },
    ],
  }
}
