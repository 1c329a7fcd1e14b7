#!/usr/bin/env node
// The command line: which command, which config, and which exit status. Results go to stdout, what went wrong to stderr.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { type ExitStatus, errorCode, judge } from './base/errors.js'
import { createLog } from './base/log.js'
import { loadConfig } from './config.js'
import { runDaemon } from './daemon.js'
import { readSettings } from './settings.js'
import { check } from './terminal/check.js'
import { discardDeadLetters, listDeadLetters, retryDeadLetters, selectionOf } from './terminal/dead-letters.js'
import { acceptGaps, listGaps } from './terminal/gaps.js'
import { setup } from './terminal/setup.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

interface Options {
  readonly config: string
  readonly json?: boolean
}

const example = (text: string) => `\nExample:\n  $ notifyd ${text}`

type Finished = (status: ExitStatus) => void

function commandLine(finished: Finished): Command {
  const program = new Command('notifyd')
    .description('Turns committed changes of a clinical PostgreSQL into delivered notifications.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) })
  const shared = (command: Command, usage: string) =>
    command
      .option('-c, --config <file>', 'the config file', './config.json')
      .option('--json', 'results as JSON')
      .addHelpText('after', example(usage))
      .exitOverride()
  const command = (name: string, description: string, usage: string) =>
    shared(program.command(name).description(description), usage)

  command('run', 'the daemon: follows the database and delivers, until SIGTERM or Ctrl-C', 'run --config config.json')
    .option('--deliver-only', 'pay what is owed without reading the slot')
    .action(async (options: Options & { deliverOnly?: boolean }) => {
      const config = await loadConfig(options.config)
      const log = createLog({ level: config.log.level, ...(options.json === true && { readable: false }) })
      const deliverOnly = options.deliverOnly === true
      await runDaemon({ config, deliverOnly, version, log, signal: stopSignal() })
      log.info('stopped')
      finished(0)
    })

  command('check', 'looks at every precondition and changes nothing; exit 3 when one is missing', 'check').action(
    async (options: Options) => {
      const config = await loadConfig(options.config)
      const { address, tables } = await readSettings(config)
      const { slot, publication } = config.database
      const { text, isReady } = await check({ address, slot, publication, tables, json: options.json === true })
      process.stdout.write(text)
      finished(isReady ? 0 : 3)
    },
  )

  command('setup', 'makes publication and replica identity', 'setup --print-sql | psql "$ADMIN_URL"')
    .option('--print-sql', 'print the SQL, the minimal role included, and change nothing')
    .action(async (options: Options & { printSql?: boolean }) => {
      const config = await loadConfig(options.config)
      const { address, tables } = await readSettings(config)
      const { publication } = config.database
      process.stdout.write(await setup({ address, publication, tables, printSql: options.printSql === true }))
      finished(0)
    })

  gapCommands(program, shared, finished)
  deadLetterCommands(program, shared, finished)
  return program
}

type Shared = (command: Command, usage: string) => Command

function gapCommands(program: Command, shared: Shared, done: Finished): void {
  const gaps = program.command('gaps').description('changes that are missing, and going on behind them').exitOverride()
  const target = async ({ config, json }: Options) => ({
    journal: (await loadConfig(config)).journal.url,
    json: json === true,
  })
  shared(gaps.command('list').description('every gap there was'), 'gaps list').action(async (options: Options) => {
    process.stdout.write(await listGaps(await target(options)))
    done(0)
  })
  const accept = gaps.command('accept').description('let the daemon go on behind the gap, at its next start')
  shared(accept, 'gaps accept').action(async (options: Options) => {
    process.stdout.write(await acceptGaps(await target(options)))
    done(0)
  })
}

interface SelectionFlags extends Options {
  readonly endpoint?: string
  readonly before?: string
  readonly all?: boolean
}

function deadLetterCommands(program: Command, shared: Shared, done: Finished): void {
  const deadLetters = program.command('dead-letters').description('deliveries whose retries are used up').exitOverride()
  const target = async (options: Options) => {
    const config = await loadConfig(options.config)
    const configured = new Set(config.endpoints.map(({ name }) => name))
    return { journal: config.journal.url, configured, json: options.json === true }
  }
  const select = ({ endpoint, before, all = false }: SelectionFlags, webhookId: string | undefined) =>
    selectionOf({ webhookId, endpoint, before, all })
  const command = (name: string, description: string, usage: string) =>
    shared(deadLetters.command(name).description(description), usage)
      .option('--endpoint <name>', 'those of one endpoint')
      .option('--before <time>', 'those that died before, like 2026-11-23T12:00:00Z')

  command('list', 'what is dead, the oldest first', 'dead-letters list --endpoint scheduling')
    .option('--limit <n>', 'at most so many', '100')
    .action(async (options: SelectionFlags & { limit: string }) => {
      const text = await listDeadLetters(
        await target(options),
        select({ ...options, all: true }, undefined),
        Number(options.limit),
      )
      process.stdout.write(text)
      done(0)
    })
  command('retry', 'owe them again, with the whole schedule before them', 'dead-letters retry --endpoint scheduling')
    .argument('[webhook-id]')
    .option('--all', 'all of them')
    .action(async (webhookId: string | undefined, options: SelectionFlags) => {
      process.stdout.write(await retryDeadLetters(await target(options), select(options, webhookId)))
      done(0)
    })
  command('discard', 'never send them', 'dead-letters discard msg_… --reason "the clinic has closed"')
    .argument('[webhook-id]')
    .option('--all', 'all of them')
    .option('--owed', 'also what is still owed, to an endpoint that left the config')
    .requiredOption('--reason <text>', 'kept with them')
    .action(async (webhookId: string | undefined, options: SelectionFlags & { reason: string; owed?: boolean }) => {
      const selection = select(options, webhookId)
      process.stdout.write(
        await discardDeadLetters(await target(options), selection, options.reason, options.owed === true),
      )
      done(0)
    })
}

/** Aborted at the first SIGTERM or SIGINT; a second one ends the process at once. Nothing is lost either way. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(0)
      controller.abort()
    })
  }
  return controller.signal
}

/** Its text holds names of objects, settings and files only; what a server says of a row (DETAIL) is not shown. */
function explain(error: unknown): { readonly status: ExitStatus; readonly text: string } {
  const verdict = judge(error)
  const message = error instanceof Error ? error.message : String(error)
  if (verdict.tag === 'retry') return { status: 1, text: `${message} (${verdict.code})` }
  const { exitStatus: status, remedy, code } = verdict
  if (status === 1 && error instanceof Error && code === 'BUG') {
    return { status, text: `${error.name}: ${remedy}\n${(error.stack ?? '').split('\n').slice(1).join('\n')}` }
  }
  return {
    status,
    text: message.includes(remedy) || errorCode(error) === null ? message : `${message}\n  to mend it: ${remedy}`,
  }
}

let status: ExitStatus = 0
try {
  await commandLine((result) => {
    status = result
  }).parseAsync()
} catch (error) {
  if (error instanceof CommanderError) status = error.exitCode === 0 ? 0 : 2
  else {
    const explained = explain(error)
    process.stderr.write(`notifyd: ${explained.text}\n`)
    status = explained.status
  }
}
// A connection that was left behind while it was being made must not keep the process.
process.exit(status)
