// `backlog`: what a delivery costs with few and with a million others owed in the journal, and how soon the first one goes.
import { Journal } from '../../src/journal/journal.js'
import { atMost, type Figure, type Measured, type Options } from '../figure.js'
import { owe } from '../owe.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { spread } from '../statistics.js'

const sent = 20_000

export async function backlog({ rounds, scale, say }: Options): Promise<Measured> {
  const scenario = 'backlog'
  const figures: Figure[] = []
  const costs: { label: string; value: number }[] = []
  for (const owed of [1_000, 100_000, 1_000_000].map((count) => Math.max(1_000, Math.round(count * scale)))) {
    const cpu: number[] = []
    const first: number[] = []
    const rss: number[] = []
    await using site = await BenchSite.open()
    await using receiver = await BenchReceiver.start()
    for (let round = 0; round < Math.max(1, Math.ceil(rounds / 2)); round += 1) {
      const daemon = await site.daemon({ endpoints: [{ name: 'bench', url: receiver.url('/bench') }], http: false })
      const journal = await Journal.open(daemon.home.journalFile)
      await owe(journal, owed)
      journal.close()
      const wanted = Math.min(sent, owed)
      await receiver.reset()
      const started = performance.timeOrigin + performance.now()
      daemon.start()
      // What starting costs is no delivery's.
      await receiver.until(wanted / 10)
      const before = daemon.cost()
      await receiver.until(wanted)
      const after = daemon.cost()
      const report = await receiver.report()
      await daemon.stop('SIGKILL')
      await site.dropSlot(daemon.slot)
      cpu.push((after.cpuMicros - before.cpuMicros) / (wanted * 0.9))
      first.push((report.firstAt - started) / 1000)
      rss.push(after.peakRssBytes / 1e6)
      say(`backlog of ${owed}, ${round}: ${cpu.at(-1)?.toFixed(0)} µs each, first after ${first.at(-1)?.toFixed(2)} s`)
    }
    figures.push({ scenario, name: `CPU each, ${owed} owed`, unit: 'µs', value: spread(cpu), goal: null })
    costs.push({ label: `${owed} owed`, value: spread(cpu).median })
    const isLargest = owed >= 1_000_000 * scale
    if (!isLargest) continue
    const [small = 1, , large = 1] = costs.map(({ value }) => value)
    const ratio = spread([large / small])
    figures.push(
      { scenario, name: 'ratio, largest to smallest', unit: '', value: ratio, goal: atMost(ratio.median, 1.2) },
      { scenario, name: 'start to first POST', unit: 's', value: spread(first), goal: atMost(spread(first).median, 2) },
      { scenario, name: 'peak RSS', unit: 'MB', value: spread(rss), goal: atMost(spread(rss).highest, 256) },
    )
  }
  return { figures, plots: [{ name: scenario, title: 'CPU for each delivery', unit: 'µs', bars: costs }] }
}
