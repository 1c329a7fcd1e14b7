// `notifyd tail`, `explain`, `status` and `audit` on the command line: commands that only look.
import type { Command } from 'commander'
import { assertNames } from './cli-names.js'
import { aCount, aPlace, type Finished, type Options, type Shared } from './cli-options.js'
import { loadConfig } from './config.js'
import type { DisclosureFilter } from './journal/disclosures.js'
import { audit } from './terminal/audit.js'
import { explain } from './terminal/explain.js'
import { placeOf } from './terminal/moment.js'
import { tail } from './terminal/tail.js'

interface TailFlags extends Options {
  readonly lines: number
  readonly follow?: boolean
  readonly from?: string
  readonly to?: string
  readonly endpoint?: string
  readonly notification?: string
  readonly appointment?: string
}

interface ExplainFlags extends Options {
  readonly limit: number
  readonly protocolErrors?: boolean
}

interface AuditFlags extends Options {
  readonly from?: string
  readonly to?: string
}

export function lookCommands(program: Command, shared: Shared, done: Finished): void {
  shared(
    program.command('tail').description('the POSTs that were made, the newest last'),
    'tail --follow --notification cancelled',
  )
    .option('-n, --lines <n>', 'the last so many', aCount, 20)
    .option('-f, --follow', 'go on until Ctrl-C')
    .option(
      '--from <place>',
      'all from here on: a commit’s LSN, or when they were sent (2026-11-24T08:00-05:00, 2h)',
      aPlace,
    )
    .option('--to <place>', 'up to here: an LSN, itself included, or a time', aPlace)
    .option('--endpoint <name>', 'to one endpoint')
    .option('--notification <name>', 'of one kind, like cancelled')
    .option('--appointment <uuid>', 'of one appointment')
    .action(async ({ config, json, lines, follow, ...flags }: TailFlags) => {
      const stop = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
      const loaded = await loadConfig(config)
      const { endpoint, notification } = flags
      await assertNames(loaded, { endpoint, ...(notification !== undefined && { notifications: [notification] }) })
      await tail({
        journal: loaded.journal.url,
        filter: {
          ...placesOf(flags),
          ...(flags.endpoint !== undefined && { endpoint: flags.endpoint }),
          ...(flags.notification !== undefined && { notification: flags.notification }),
          ...(flags.appointment !== undefined && { appointment: flags.appointment }),
        },
        count: lines,
        follow: follow === true,
        json: json === true,
        write,
        signal: stop.signal,
      })
      done(0)
    })

  const standing = 'where things stand: the stream, the slot, what is owed, what is dead, gaps'
  shared(program.command('status').description(standing), 'status').action(async ({ config: file, json }: Options) => {
    const config = await loadConfig(file)
    const [{ readSettings }, { status }] = await Promise.all([import('./settings.js'), import('./terminal/status.js')])
    const { address } = await readSettings(config)
    const { http, database } = config
    const at = http === false || http.port === 0 ? null : http
    await write(
      await status({
        journal: config.journal.url,
        address,
        slot: database.slot,
        failover: database.failover,
        http: at,
        json: json === true,
      }),
    )
    done(0)
  })

  const description =
    'what arrived, what was computed, why it did or did not notify, every attempt; exit 1 when nothing is known'
  shared(program.command('explain').description(description), 'explain 0/16B3748')
    .argument('<subject>', "an LSN, a webhook id (msg_…), or an appointment's external id")
    .option('--limit <n>', 'changes to show', aCount, 20)
    .option('--protocol-errors', "show what a protocol's error says: it may hold patient data")
    .action(async (subject: string, { config, json, limit, protocolErrors }: ExplainFlags) => {
      const journal = (await loadConfig(config)).journal.url
      const options = { journal, subject, limit, protocolErrors: protocolErrors === true, json: json === true }
      const { text, remark, isFound } = await explain(options)
      await write(text)
      if (remark !== '') process.stderr.write(`notifyd: ${remark}`)
      done(isFound ? 0 : 1)
    })

  shared(
    program.command('audit').description('what was sent to which endpoint, when, under which id, as CSV'),
    'audit --from 2026-11-01 --to 2026-12-01 > november.csv',
  )
    .option('--from <time>', 'sent at or after, like 2026-11-01 or 2026-11-01T08:00:00Z')
    .option('--to <time>', 'sent before')
    .action(async ({ config, json, from, to }: AuditFlags) => {
      await audit({ journal: (await loadConfig(config)).journal.url, from, to, json: json === true, write })
      done(0)
    })
}

/** A commit's LSN, or the time of a POST. */
function placesOf({ from, to }: Pick<TailFlags, 'from' | 'to'>): DisclosureFilter {
  const first = from === undefined ? null : placeOf('--from', from)
  const last = to === undefined ? null : placeOf('--to', to)
  return {
    ...(first !== null && (first.tag === 'lsn' ? { fromLsn: first.lsn } : { since: first.at })),
    ...(last !== null && (last.tag === 'lsn' ? { toLsn: last.lsn } : { until: last.at + 1 })),
  }
}

/** Resolves when it has left, so that a slow reader is waited for. */
const write = (text: string): Promise<void> => new Promise((resolve) => process.stdout.write(text, () => resolve()))
