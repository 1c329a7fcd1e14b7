// `notifyd backup` on the command line.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Finished, Options, Shared } from './cli-options.js'
import { loadConfig } from './config.js'
import { backup } from './terminal/backup.js'

export function backupCommand(program: Command, shared: Shared, done: Finished): void {
  const command = program
    .command('backup')
    .description('a whole copy of the journal, beside a running daemon or without one')
    .argument('<file>', 'the copy, which must not be there yet')
  shared(command, 'backup /backup/journal-2026-11-25.db').action(async (file: string, options: Options) => {
    const { journal } = await loadConfig(options.config)
    process.stdout.write(await backup({ journal: journal.url, file: resolve(file), json: options.json === true }))
    done(0)
  })
}
