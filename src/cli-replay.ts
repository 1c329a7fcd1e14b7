// `notifyd replay` on the command line: its options, and the deliverer that sends where no daemon runs.
import { type Command, InvalidArgumentError } from 'commander'
import { UsageError } from './base/errors.js'
import { createLog } from './base/log.js'
import { assertNames } from './cli-names.js'
import { aPlace, type Finished, type Options, type Shared } from './cli-options.js'
import { type LoadedConfig, loadConfig } from './config.js'
import type { Journal } from './journal/journal.js'
import { loadCompute } from './load-compute.js'
import { openClinical } from './open-clinical.js'
import { ReplayRunner } from './replay.js'
import { Deliverer } from './send/deliver.js'
import { readSettings } from './settings.js'
import { dryRun, type ReplayOptions, replay } from './terminal/replay.js'

interface Flags extends Options {
  readonly from?: string
  readonly to?: string
  readonly endpoint?: string
  readonly only?: string[]
  readonly appointment?: string
  readonly recompute?: boolean
  readonly dryRun?: boolean
  readonly rate?: number
}

const graceMs = 10_000

export function replayCommand(program: Command, shared: Shared, done: Finished, version: string): void {
  const description =
    'sends what a range of commits owed again, or one notification, under its ids; exit 1 when some was not delivered'
  shared(program.command('replay').description(description), 'replay --from 0/16B3748 --endpoint scheduling')
    .argument('[webhook-id]', 'this one alone (msg_…)')
    .option('--from <place>', 'from this commit on: an LSN, or a time like 2026-11-24T08:00-05:00 or 2h', aPlace)
    .option('--to <place>', 'up to this commit, itself included: an LSN or a time', aPlace)
    .option('--endpoint <name>', 'to one endpoint')
    .option('--only <notification...>', 'these notifications, like cancelled')
    .option('--appointment <uuid>', 'those of one appointment')
    .option('--recompute', "today's protocols over the journaled changes: sends what is new or has other bytes")
    .option('--dry-run', 'print what would be sent')
    .option('--rate <n>', 'at most so many a second', aRate)
    .action(async (webhookId: string | undefined, flags: Flags) => {
      const config = await loadConfig(flags.config)
      await run(config, webhookId, flags, done, version)
    })
}

async function run(
  config: LoadedConfig,
  webhookId: string | undefined,
  flags: Flags,
  done: Finished,
  version: string,
): Promise<void> {
  const { endpoint } = flags
  if (webhookId !== undefined && flags.recompute === true) {
    throw new UsageError('--recompute is of a range: give --from')
  }
  await assertNames(config, { endpoint, notifications: flags.only, notificationOption: '--only' })
  const settings = await readSettings(config)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const log = createLog({ level: 'silent' })
  const clinical = openClinical(settings, log)
  const compute =
    flags.recompute === true ? await loadCompute({ config, settings, clinical, log, signal: stop.signal }) : null
  const runHere = async (journal: Journal, signal: AbortSignal) => {
    const deliverer = new Deliverer({
      journal,
      endpoints: settings.endpoints,
      policy: settings.urlPolicy,
      userAgent: `notifyd/${version}`,
      log,
      settled: () => undefined,
    })
    const runner = new ReplayRunner({ journal, deliverer, log, signal })
    runner.wake()
    await runner.ended()
    await deliverer.stop(graceMs)
  }
  const { from, to, only, appointment, json } = flags
  const options: ReplayOptions = {
    journal: config.journal.url,
    asked: {
      ...(webhookId !== undefined && { webhookId }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(endpoint !== undefined && { endpoint }),
      ...(only !== undefined && { only }),
      ...(appointment !== undefined && { appointment }),
    },
    rate: flags.rate ?? null,
    recompute: compute === null ? null : (changes, source) => compute.compute(changes, source),
    json: json === true,
    runHere,
    progress: progressLine,
    signal: stop.signal,
  }
  try {
    const result = flags.dryRun === true ? { ...(await dryRun(options)), isWhole: true } : await replay(options)
    progressLine('')
    process.stdout.write(result.text)
    if ('remark' in result && result.remark !== '') process.stderr.write(`notifyd: ${result.remark}`)
    done(result.isWhole ? 0 : 1)
  } finally {
    await compute?.close()
    await clinical.close()
  }
}

function aRate(text: string): number {
  const rate = Number(text)
  if (!Number.isFinite(rate) || rate <= 0) throw new InvalidArgumentError('give a number above 0, like 50.')
  return rate
}

/** One line that is written over, where somebody looks. */
function progressLine(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
