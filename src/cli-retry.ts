// `notifyd retry` on the command line.
import type { Command } from 'commander'
import { assertNames } from './cli-names.js'
import type { Finished, Options, Shared } from './cli-options.js'
import { loadConfig } from './config.js'
import { retryWaiting } from './terminal/retry.js'

interface RetryFlags extends Options {
  readonly endpoint?: string
  readonly appointment?: string
  readonly all?: boolean
}

export function retryCommand(program: Command, shared: Shared, done: Finished): void {
  const command = program
    .command('retry')
    .description('try now what waits for its retry; it uses up no step of the schedule')
  shared(command, 'retry --endpoint scheduling')
    .option('--endpoint <name>', 'what waits for one endpoint')
    .option('--appointment <uuid>', 'what waits for one appointment, by its external id')
    .option('--all', 'all that waits')
    .action(async ({ endpoint, appointment, all = false, ...options }: RetryFlags) => {
      const config = await loadConfig(options.config)
      await assertNames(config, { endpoint })
      const configured = new Set(config.endpoints.map(({ name }) => name))
      const target = { journal: config.journal.url, configured, json: options.json === true }
      process.stdout.write(await retryWaiting({ ...target, endpoint, appointment, all }))
      done(0)
    })
}
