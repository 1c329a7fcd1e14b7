#!/usr/bin/env node
// The command line: which command, which config, and which exit status. Results go to stdout, what went wrong to stderr.
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { Command, CommanderError } from 'commander'
import { type ExitStatus, errorCode, judge } from './base/errors.js'
import { createLog } from './base/log.js'
import { deadLetterCommands } from './cli-dead-letters.js'
import { gapCommands } from './cli-gaps.js'
import { lookCommands } from './cli-look.js'
import type { Finished, Options } from './cli-options.js'
import { prepareCommands } from './cli-prepare.js'
import { protocolCommands } from './cli-protocols.js'
import { replayCommand } from './cli-replay.js'
import { loadConfig } from './config.js'
import { runDaemon } from './daemon.js'
import { defect, messageOf } from './defect.js'
import { Hangups } from './reload.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const uncaught = 'nobody caught this, which is a defect of notifyd: please report it with the stack trace'

const example = (text: string) => `\nExample:\n  $ notifyd ${text}`

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
      const hangups = new Hangups()
      const config = await loadConfig(options.config)
      const log = createLog({ level: config.log.level, ...(options.json === true && { readable: false }) })
      // A heap that grows by half before it is collected, rather than threefold: 90 MB less under load, at no cost in time.
      setFlagsFromString('--heap-growing-percent=50')
      const deliverOnly = options.deliverOnly === true
      await runDaemon({ config, deliverOnly, version, log, signal: stopSignal(), hangups })
      log.info('stopped')
      finished(0)
    })

  prepareCommands(program, shared, finished, version)
  lookCommands(program, shared, finished)
  replayCommand(program, shared, finished, version)
  gapCommands(program, shared, finished)
  deadLetterCommands(program, shared, finished)
  protocolCommands(program, shared, finished)
  return program
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

/** Its text holds names of objects, settings and files only. */
function explain(error: unknown): { readonly status: ExitStatus; readonly text: string } {
  const verdict = judge(error)
  const message = messageOf(error)
  if (verdict.tag === 'retry') return { status: 1, text: `${message} (${verdict.code})` }
  const { exitStatus: status, remedy, code } = verdict
  if (code === 'BUG') return { status, text: defect(error, remedy) }
  return {
    status,
    text: message.includes(remedy) || errorCode(error) === null ? message : `${message}\n  to mend it: ${remedy}`,
  }
}

/** What nobody caught. Everything that is owed is in the journal: the next start goes on. */
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(`notifyd: ${defect(error, uncaught)}\n`)
    process.exit(1)
  })
}

// Who reads has read enough: `notifyd tail | head`.
process.stdout.on('error', (error) => process.exit(errorCode(error) === 'EPIPE' ? 0 : 1))

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
