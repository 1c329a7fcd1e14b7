// `notifyd protocols list|test` on the command line.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { UsageError } from './base/errors.js'
import { createLog } from './base/log.js'
import { ClinicalDatabase } from './change/clinical-database.js'
import type { Finished, Options, Shared } from './cli-options.js'
import { loadConfig } from './config.js'
import { loadCompute } from './load-compute.js'
import { readSettings } from './settings.js'
import { listProtocols, trialRows, tryProtocol } from './terminal/protocols.js'

interface TestFlags extends Options {
  readonly changes?: string
  readonly endpoint?: readonly string[]
  readonly journal?: boolean
  readonly from?: string
  readonly limit: number
  readonly showPayloads?: boolean
  readonly update?: boolean
}

export function protocolCommands(program: Command, shared: Shared, done: Finished): void {
  const protocols = program.command('protocols').description('protocols of your own').exitOverride()
  shared(
    protocols.command('list').description('those that the config names, and what they compute on'),
    'protocols list',
  ).action(async ({ config: file, json }: Options) => {
    const config = await loadConfig(file)
    const settings = await readSettings(config)
    const clinical = new ClinicalDatabase(settings.address, settings.clinical, () => undefined)
    const { signal } = new AbortController()
    const compute = await loadCompute({ config, settings, clinical, log: createLog({ level: 'silent' }), signal })
    process.stdout.write(json === true ? `${JSON.stringify(compute.protocols)}\n` : listProtocols(compute.protocols))
    await compute.close()
    done(0)
  })

  const description =
    'runs a protocol on example changes, in a thread as the daemon does, and shows what it would send; exit 1 when that is not what FILE.expected.json says'
  shared(
    protocols.command('test').description(description),
    'protocols test ./protocols/no-show-pager.ts --endpoint front-desk',
  )
    .argument('<file>', 'the TypeScript or JavaScript file')
    .option('--changes <file>', 'further changes, as JSON (default: FILE.changes.json, where it is there)')
    .option('--endpoint <name...>', "names that send_notification may be given (default: the config's)")
    .option('--update', 'write what came to FILE.expected.json')
    .option('--journal', 'run it on journaled changes instead: of real patients, so payloads are shown as hashes')
    .option('--from <lsn>', 'with --journal: from this commit on')
    .option('--limit <n>', 'with --journal: so many changes', aCount, 50)
    .option('--show-payloads', 'with --journal: show the payloads, which hold data of real patients')
    .action(async (file: string, flags: TestFlags) => {
      // A protocol can be tried before there is a config.
      const config = existsSync(flags.config) || flags.journal === true ? await loadConfig(flags.config) : null
      if (flags.journal === true && flags.from === undefined) throw new UsageError('--journal needs --from <lsn>')
      const tried = await tryProtocol({
        file: resolve(file),
        endpoints: flags.endpoint ?? config?.endpoints.map(({ name }) => name) ?? [],
        settings: config?.settings ?? {},
        timeoutMs: config?.protocol_timeout_ms ?? 10_000,
        changes: flags.changes,
        journal:
          flags.journal === true && config !== null
            ? { path: config.journal.url, from: flags.from ?? '', limit: flags.limit }
            : null,
        showPayloads: flags.showPayloads === true,
        update: flags.update === true,
        log: createLog({ level: 'silent' }),
      })
      const { trials, difference, expectation, isWritten } = tried
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ trials, as_expected: difference === null })}\n`)
      else {
        const verdict =
          difference ??
          (isWritten ? `as ${expectation} says\n` : `nothing is expected yet: --update writes ${expectation}\n`)
        process.stdout.write(`${trialRows(trials)}${flags.journal === true ? '' : verdict}`)
      }
      done(difference === null ? 0 : 1)
    })
}

function aCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('expected a whole number from 1 on.')
  return count
}
