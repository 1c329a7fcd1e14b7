// `latency`: from PostgreSQL's commit timestamp to the request's arrival, open loop, against the floor: decode, one fsynced
// append to a plain file, POST. Both on the same machine, in turn.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from '../child.js'
import { atMost, type Figure, type Measured, type Options } from '../figure.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { percentile, spread } from '../statistics.js'
import { warmUp, write } from '../writer.js'

const shares = { p50: 0.5, p99: 0.99, 'p99.9': 0.999, max: 1 } as const
type Share = keyof typeof shares
const goals: Partial<Record<Share, number>> = { p50: 1.5, p99: 2 }

export async function latency(options: Options): Promise<Measured> {
  const at200 = await atRate(options, 200)
  const at1000 = await atRate(options, 1000)
  return { figures: [...at200.figures, ...at1000.figures], plots: [...at200.plots, ...at1000.plots] }
}

async function atRate({ rounds, scale, say }: Options, rate: number): Promise<Measured> {
  const seconds = (60 / rounds) * scale
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-floor-'))
  const scenario = `latency ${rate}/s`
  const ours: Record<Share, number[]> = { p50: [], p99: [], 'p99.9': [], max: [] }
  const floors: Record<Share, number[]> = { p50: [], p99: [], 'p99.9': [], max: [] }
  try {
    await using site = await BenchSite.open()
    await using receiver = await BenchReceiver.start()
    const url = site.postgres.superuserUrl()
    const lags = async () => {
      await receiver.reset()
      await receiver.until(await warmUp(url))
      await receiver.reset()
      await receiver.until(await write(url, rate, seconds))
      return (await receiver.report()).lags
    }
    for (let round = 0; round <= rounds; round += 1) {
      const daemon = await site.daemon({ endpoints: [{ name: 'bench', url: receiver.url('/bench') }], http: false })
      daemon.start()
      await daemon.streaming()
      const lagsOfOurs = await lags()
      await daemon.stop()
      await site.dropSlot(daemon.slot)
      const slot = await site.slot()
      let floor: number[]
      {
        await using child = new Child('./floor-process.ts', [url, slot, receiver.url(''), join(folder, 'log')])
        await child.ready()
        floor = await lags()
      }
      await site.dropSlot(slot)
      say(
        `${scenario} ${round}: p99 ${percentile(lagsOfOurs, 0.99).toFixed(2)} ms, floor ${percentile(floor, 0.99).toFixed(2)} ms`,
      )
      if (round === 0) continue
      for (const share of Object.keys(shares) as Share[]) {
        ours[share].push(percentile(lagsOfOurs, shares[share]))
        floors[share].push(percentile(floor, shares[share]))
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const figures = (Object.keys(shares) as Share[]).flatMap((share): Figure[] => {
    const ratio = ours[share].map((value, at) => value / (floors[share][at] ?? Number.NaN))
    const limit = goals[share]
    return [
      { scenario, name: share, unit: 'ms', value: spread(ours[share]), goal: null },
      { scenario, name: `${share}, floor`, unit: 'ms', value: spread(floors[share]), goal: null },
      {
        scenario,
        name: `${share}, ratio`,
        unit: '',
        value: spread(ratio),
        goal: limit === undefined ? null : atMost(spread(ratio).median, limit),
      },
    ]
  })
  const bars = (['p50', 'p99'] as const).flatMap((share) => [
    { label: `notifyd ${share}`, value: spread(ours[share]).median },
    { label: `floor ${share}`, value: spread(floors[share]).median },
  ])
  return {
    figures,
    plots: [{ name: `latency-${rate}`, title: `commit to arrival at ${rate} changes a second`, unit: 'ms', bars }],
  }
}
