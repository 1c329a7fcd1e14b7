// `behind`: what a healthy endpoint's latency is while another, which refuses everything, is owed ever more behind forty waiting
// appointments.
import { createServer } from 'node:http'
import { Journal } from '../../src/journal/journal.js'
import { atMost, type Measured, type Options } from '../figure.js'
import { lagsOf } from '../lags.js'
import { owe } from '../owe.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { percentile, spread } from '../statistics.js'

const rate = 200
const appointments = 40

export async function behind({ rounds, scale, say }: Options): Promise<Measured> {
  const seconds = 12 * scale
  const debts = [0, 80_000, 1_000_000].map((owed) => Math.round(owed * Math.min(1, scale)))
  await using site = await BenchSite.open()
  await using receiver = await BenchReceiver.start()
  const refusing = createServer((request, response) => request.resume().on('end', () => response.writeHead(404).end()))
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
  const address = refusing.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const endpoints = [
    { name: 'healthy', url: receiver.url('/bench') },
    { name: 'refusing', url: `http://127.0.0.1:${port}/` },
  ]
  const p50s = debts.map((): number[] => [])
  try {
    for (let round = 0; round < Math.max(1, Math.ceil(rounds / 2)); round += 1) {
      for (const [at, owed] of debts.entries()) {
        const daemon = await site.daemon({ endpoints, http: false })
        daemon.start()
        await daemon.streaming()
        await daemon.stop()
        const journal = await Journal.open(daemon.home.journalFile)
        await owe(journal, owed, 'refusing', appointments)
        journal.close()
        const p50 = percentile(await lagsOf(daemon, { site, receiver, rate, seconds }), 0.5)
        p50s[at]?.push(p50)
        say(`behind ${round}: p50 ${p50.toFixed(2)} ms with ${owed} owed behind waiting appointments`)
      }
    }
  } finally {
    refusing.close()
  }
  const [none = []] = p50s
  const scenario = 'isolation'
  return {
    figures: debts.flatMap((owed, at) => {
      const measured = p50s[at] ?? []
      const name = `p50 with ${owed} owed to a refusing one`
      const figure = { scenario, name, unit: 'ms', value: spread(measured), goal: null }
      if (owed === 0) return [figure]
      const ratio = spread(measured.map((value, round) => value / (none[round] ?? Number.NaN)))
      return [figure, { scenario, name: `the same, ratio`, unit: '', value: ratio, goal: atMost(ratio.median, 1.2) }]
    }),
    plots: [],
  }
}
