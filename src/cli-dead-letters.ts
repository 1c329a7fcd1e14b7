// `notifyd dead-letters` on the command line.
import type { Command } from 'commander'
import { assertNames } from './cli-names.js'
import { aCount, type Finished, type Options, type Shared } from './cli-options.js'
import { loadConfig } from './config.js'
import { discardDeadLetters, listDeadLetters, retryDeadLetters, selectionOf } from './terminal/dead-letters.js'

interface SelectionFlags extends Options {
  readonly endpoint?: string
  readonly before?: string
  readonly all?: boolean
}

export function deadLetterCommands(program: Command, shared: Shared, done: Finished): void {
  const deadLetters = program.command('dead-letters').description('deliveries whose retries are used up').exitOverride()
  const target = async (options: SelectionFlags) => {
    const config = await loadConfig(options.config)
    await assertNames(config, { endpoint: options.endpoint })
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
    .option('--limit <n>', 'at most so many', aCount, 100)
    .action(async (options: SelectionFlags & { limit: number }) => {
      const text = await listDeadLetters(
        await target(options),
        select({ ...options, all: true }, undefined),
        options.limit,
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
