// Every command of the command line, with the options that all have and an example each: for cli.ts to parse, and for a test
// to walk. A command's own code is loaded when it is asked for: half of the start of `notifyd tail` was what it never used.
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { Command, Option } from 'commander'
import { packageFile } from './base/places.js'
import type { Finished, Options, Shared } from './cli-options.js'
import { listenToSignals, type ProcessSignals } from './process-signals.js'

const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }

const configOption = () =>
  new Option('-c, --config <file>', 'the config file').default('./config.json').env('NOTIFYD_CONFIG')

const example = (text: string) => `\nExample:\n  $ notifyd ${text}`

type Register = (program: Command, shared: Shared, finished: Finished, version: string) => void

/** In the order of --help. */
const groups: readonly { readonly commands: readonly string[]; readonly load: () => Promise<Register> }[] = [
  { commands: ['check', 'setup'], load: async () => (await import('./cli-prepare.js')).prepareCommands },
  { commands: ['tail', 'status', 'explain', 'audit'], load: async () => (await import('./cli-look.js')).lookCommands },
  { commands: ['replay'], load: async () => (await import('./cli-replay.js')).replayCommand },
  { commands: ['gaps'], load: async () => (await import('./cli-gaps.js')).gapCommands },
  { commands: ['retry'], load: async () => (await import('./cli-retry.js')).retryCommand },
  { commands: ['backup'], load: async () => (await import('./cli-backup.js')).backupCommand },
  { commands: ['dead-letters'], load: async () => (await import('./cli-dead-letters.js')).deadLetterCommands },
  {
    commands: ['example', 'trigger', 'listen'],
    load: async () => (await import('./cli-receivers.js')).receiverCommands,
  },
  { commands: ['protocols'], load: async () => (await import('./cli-protocols.js')).protocolCommands },
]

/**
 * @param asked the command that is asked for, where it is known; no other is loaded then
 * @param signals what `run` listens to already; null: it begins to when it is asked for
 */
export async function commandLine(
  finished: Finished,
  asked?: string,
  signals: ProcessSignals | null = null,
): Promise<Command> {
  const program = new Command('notifyd')
    .description('Turns committed changes of a clinical PostgreSQL into delivered notifications.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) })
  const shared = (command: Command, usage: string) =>
    command
      .addOption(configOption())
      .option('--json', 'results as JSON')
      .addHelpText('after', example(usage))
      .exitOverride()
  const command = (name: string, description: string, usage: string) =>
    shared(program.command(name).description(description), usage)

  command('run', 'the daemon: follows the database and delivers, until SIGTERM or Ctrl-C', 'run --config config.json')
    .option('--deliver-only', 'pay what is owed without reading the slot')
    .option('--halt-on-gap', 'end with status 4 at a gap, instead of waiting for `gaps accept`')
    .action(async (options: Options & { deliverOnly?: boolean; haltOnGap?: boolean }) => {
      const { stop: signal, hangups } = signals ?? listenToSignals()
      const [{ loadConfig }, { createLog }, { logText: text }, { runDaemon }] = await Promise.all([
        import('./config.js'),
        import('./base/log.js'),
        import('./terminal/log-line.js'),
        import('./daemon.js'),
      ])
      const config = await loadConfig(options.config)
      const log = createLog({ level: config.log.level, text, ...(options.json === true && { readable: false }) })
      // A heap that grows by half before it is collected, rather than threefold: 90 MB less under load, at no cost in time.
      setFlagsFromString('--heap-growing-percent=50')
      const deliverOnly = options.deliverOnly === true
      const haltOnGap = options.haltOnGap === true
      if (!signal.aborted) await runDaemon({ config, deliverOnly, haltOnGap, version, log, signal, hangups })
      log.info('stopped')
      finished(0)
    })

  const isAlone = ['run', '--version', '-V'].includes(asked ?? '')
  const isKnown = isAlone || groups.some(({ commands }) => commands.includes(asked ?? ''))
  for (const { commands, load } of groups) {
    if (!isKnown || commands.includes(asked ?? '')) (await load())(program, shared, finished, version)
  }
  program.addHelpText('after', example('check --config config.json'))
  for (const group of program.commands) {
    const [first] = group.commands
    if (first !== undefined) group.addHelpText('after', example(`${group.name()} ${first.name()}`))
  }
  return program
}
