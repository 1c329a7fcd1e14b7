// `replay`: what live traffic becomes while a long replay runs beside it, through the same daemon to the same endpoint: its
// latency at a steady rate, and the time that it takes through a backlog.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { BenchDaemon } from '../daemon.js'
import { atMost, type Measured, type Options } from '../figure.js'
import { BenchReceiver } from '../receiver.js'
import { BenchSite } from '../site.js'
import { percentile, spread } from '../statistics.js'
import { write } from '../writer.js'

const rate = 200
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export async function replay({ rounds, scale, say }: Options): Promise<Measured> {
  const seconds = 12 * scale
  const bookings = Math.round(10_000 * scale)
  await using site = await BenchSite.open()
  await using receiver = await BenchReceiver.start()
  const endpoints = [{ name: 'bench', url: receiver.url('/bench') }]
  const measured = { p50: pair(), p99: pair(), drain: pair(), replayed: pair() }
  for (let round = 0; round <= rounds; round += 1) {
    for (const isBeside of [false, true]) {
      const daemon = await site.daemon({ endpoints, http: false })
      daemon.start()
      await daemon.streaming()
      const from = await site.endOfWal()
      // What is replayed later: more than can be replayed meanwhile.
      await receiver.reset()
      await site.work(bookings * 4)
      await receiver.until(bookings * 8)
      await receiver.reset()
      await using _replay = isBeside ? startReplay(daemon, from) : null
      if (isBeside) await receiver.replaying()
      await receiver.until(await write(site.postgres.superuserUrl(), rate, seconds))
      const { lags, replayed } = await receiver.report()
      await receiver.reset()
      const began = performance.now()
      await site.work(bookings)
      await receiver.until(bookings * 2)
      const drain = (performance.now() - began) / 1000
      await daemon.stop('SIGKILL')
      await site.dropSlot(daemon.slot)
      if (round === 0) continue
      const side = isBeside ? 'beside' : 'alone'
      measured.p50[side].push(percentile(lags, 0.5))
      measured.p99[side].push(percentile(lags, 0.99))
      measured.drain[side].push(drain)
      measured.replayed[side].push(replayed / seconds)
    }
    const told = Object.entries(measured).map(
      ([name, { alone, beside }]) => `${name} ${alone.at(-1)?.toFixed(2)} alone, ${beside.at(-1)?.toFixed(2)} beside`,
    )
    if (round > 0) say(`replay ${round}: ${told.join(' · ')}`)
  }
  const scenario = 'replay'
  const units = { p50: 'ms', p99: 'ms', drain: 's' } as const
  return {
    figures: [
      ...(['p50', 'p99', 'drain'] as const).flatMap((name) => {
        const { alone, beside } = measured[name]
        const ratio = spread(beside.map((value, at) => value / (alone[at] ?? Number.NaN)))
        const unit = units[name]
        return [
          { scenario, name: `${name} alone`, unit, value: spread(alone), goal: null },
          { scenario, name: `${name} beside a replay`, unit, value: spread(beside), goal: null },
          { scenario, name: `${name}, ratio`, unit: '', value: ratio, goal: atMost(ratio.median, 1.1) },
        ]
      }),
      { scenario, name: 'replayed meanwhile', unit: '/s', value: spread(measured.replayed.beside), goal: null },
    ],
    plots: [],
  }
}

const pair = () => ({ alone: [] as number[], beside: [] as number[] })

/** The daemon carries it out: the command asks. */
function startReplay({ home }: BenchDaemon, from: string): AsyncDisposable {
  const args = [cli, 'replay', '--from', from, '--config', home.configFile]
  const child = spawn(process.execPath, args, { cwd: home.path, stdio: ['ignore', 'ignore', 'inherit'] })
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
