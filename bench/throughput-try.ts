import { ceiling } from './ceiling.js'
import { BenchReceiver } from './receiver.js'
import { BenchSite } from './site.js'

const rounds = Number(process.argv[2] ?? 2)
const count = Number(process.argv[3] ?? 20000)
await using site = await BenchSite.open()
await using receiver = await BenchReceiver.start()
const config = {
  endpoints: [{ name: 'bench', url: receiver.url('/bench'), secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] }],
  http: false,
}
const daemons = []
for (let i = 0; i < rounds; i++) daemons.push(await site.daemon(config))
const t = performance.now()
await site.work(count / 2)
console.log('seeded', Math.round(performance.now() - t))
for (const daemon of daemons) {
  await receiver.reset({ keepSamples: 500, checkOrder: true })
  const started = performance.timeOrigin + performance.now()
  daemon.start()
  const ended = await receiver.until(count)
  const cost = daemon.cost()
  const { samples, outOfOrder, firstAt } = await receiver.report()
  await daemon.stop()
  console.log(
    'daemon',
    Math.round(count / ((ended - started) / 1000)),
    '/s from first',
    Math.round(count / ((ended - firstAt) / 1000)),
    'cpu',
    Math.round(cost.cpuMicros / count),
    'rss',
    Math.round(cost.peakRssBytes / 1e6),
    'ooo',
    outOfOrder,
  )
  await receiver.reset()
  const c = await ceiling(receiver, samples, count, 16)
  console.log('ceiling', Math.round(c.perSecond), 'cpu', c.cpuMicrosEach.toFixed(1))
}
