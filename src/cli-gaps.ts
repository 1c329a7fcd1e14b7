// `notifyd gaps` on the command line.
import type { Command } from 'commander'
import { aCount, type Finished, type Options, type Shared } from './cli-options.js'
import { loadConfig } from './config.js'
import { acceptGaps, listGaps } from './terminal/gaps.js'

export function gapCommands(program: Command, shared: Shared, done: Finished): void {
  const gaps = program.command('gaps').description('changes that are missing, and going on behind them').exitOverride()
  const target = async ({ config, json }: Options) => {
    const { journal, endpoints } = await loadConfig(config)
    const asked = endpoints.filter((endpoint) => endpoint.gap_notices)
    return { journal: journal.url, json: json === true, gapNotices: asked.map(({ name }) => name) }
  }
  shared(gaps.command('list').description('every gap there was'), 'gaps list')
    .option('--limit <n>', 'gaps of one row to show, those that wait first', aCount, 200)
    .action(async ({ limit, ...options }: Options & { limit: number }) => {
      process.stdout.write(await listGaps({ ...(await target(options)), limit }))
      done(0)
    })
  const accept = gaps
    .command('accept')
    .description('let the daemon go on behind the gap: at once, or at its next start')
    .argument('[gap...]', 'these, by what gaps list prints (3, row-12) or by an LSN; none: those that halt the stream')
    .option('--rows', 'every gap of one row that is there now')
  shared(accept, 'gaps accept').action(async (names: string[], options: Options & { rows?: boolean }) => {
    process.stdout.write(await acceptGaps({ ...(await target(options)), names, rows: options.rows === true }))
    done(0)
  })
}
