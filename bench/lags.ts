// A daemon's life under steady work. In: one that is not running. Out: how long each notification took from its commit to the
// receiver; afterwards the daemon is gone, and its slot.
import type { BenchDaemon } from './daemon.js'
import type { BenchReceiver } from './receiver.js'
import type { BenchSite } from './site.js'
import { warmUp, write } from './writer.js'

export interface Stretch {
  readonly site: BenchSite
  readonly receiver: BenchReceiver
  /** Transactions a second. */
  readonly rate: number
  readonly seconds: number
}

/** Milliseconds, warmed up before. */
export async function lagsOf(
  daemon: BenchDaemon,
  { site, receiver, rate, seconds }: Stretch,
): Promise<readonly number[]> {
  const url = site.postgres.superuserUrl()
  daemon.start()
  await daemon.streaming()
  await receiver.reset()
  await receiver.until(await warmUp(url))
  await receiver.reset()
  await receiver.until(await write(url, rate, seconds))
  const { lags } = await receiver.report()
  await daemon.stop('SIGKILL')
  await site.dropSlot(daemon.slot)
  return lags
}
