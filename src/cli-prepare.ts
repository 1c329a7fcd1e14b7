// `notifyd check` and `notifyd setup` on the command line.
import type { Command } from 'commander'
import { ProtocolLoadError } from './base/errors.js'
import { createLog } from './base/log.js'
import { type Finding, fail, ok, warn } from './capture/finding.js'
import type { Finished, Options, Shared } from './cli-options.js'
import { idleReason } from './compute/idle-protocol.js'
import type { LoadedProtocol } from './compute/worker-messages.js'
import { type LoadedConfig, loadConfig } from './config.js'
import { loadCompute } from './load-compute.js'
import { openClinical } from './open-clinical.js'
import { readSettings, type Settings } from './settings.js'
import { type CheckOptions, check } from './terminal/check.js'
import { setup } from './terminal/setup.js'
import { tryLookups } from './try-lookups.js'

interface SetupFlags extends Options {
  readonly printSql?: boolean
  readonly undo?: boolean
  readonly databaseUrl?: string
}

export function prepareCommands(program: Command, shared: Shared, done: Finished, version: string): void {
  const looks = 'looks at every precondition and changes nothing; exit 3 when one is missing'
  shared(program.command('check').description(looks), 'check')
    .option('--send-test', 'POST a signed notification `test` to each endpoint')
    .action(async ({ config: file, json, sendTest }: Options & { sendTest?: boolean }) => {
      const config = await loadConfig(file)
      const options = checkOptions(config, await readSettings(config), version, sendTest === true)
      const { text, isReady } = await check({ ...options, json: json === true })
      process.stdout.write(text)
      done(isReady ? 0 : 3)
    })

  const makes = 'makes publication and replica identity, or takes them back'
  shared(program.command('setup').description(makes), 'setup --print-sql | psql "$ADMIN_URL"')
    .option('--print-sql', 'print the SQL, the minimal role included, and change nothing')
    .option('--undo', 'remove publication, slot and FULL identity: the daemon must be stopped')
    .option('--database-url <url>', 'a URL of a role that may do this, for this once')
    .action(async ({ config: file, json, printSql, undo, databaseUrl }: SetupFlags) => {
      const config = await loadConfig(file)
      const settings = await readSettings(config)
      const { address, tables } = settings
      const { publication, slot } = config.database
      const failing = async () => (await check(checkOptions(config, settings, version, false))).findings
      const text = await setup({
        address: databaseUrl === undefined ? address : { url: databaseUrl, tls: address.tls },
        role: roleOf(address.url),
        slot,
        publication,
        tables,
        printSql: printSql === true,
        undo: undo === true,
        failing,
        json: json === true,
      })
      process.stdout.write(text)
      done(0)
    })
}

function checkOptions(config: LoadedConfig, settings: Settings, version: string, sendTest: boolean): CheckOptions {
  const { address, tables, endpoints, urlPolicy: policy } = settings
  const { slot, publication, failover } = config.database
  return {
    address,
    slot,
    failover,
    publication,
    tables,
    journal: config.journal.url,
    http: config.http === false || config.http.port === 0 ? null : config.http,
    endpoints,
    sending: { policy, sendTest, userAgent: `notifyd/${version}`, now: new Date() },
    protocols: () => protocolFindings(config, settings),
    lookups: () => tryLookups(settings, config.protocols.length > 0),
    json: false,
  }
}

async function protocolFindings(config: LoadedConfig, settings: Settings): Promise<readonly Finding[]> {
  const { signal } = new AbortController()
  const log = createLog({ level: 'silent' })
  const clinical = openClinical(settings, log)
  try {
    const compute = await loadCompute({ config, settings, clinical, log, signal })
    const found = compute.protocols.map(protocolFinding)
    await compute.close()
    return found
  } catch (error) {
    if (!(error instanceof ProtocolLoadError)) throw error
    return [
      fail(
        'protocols',
        error.message.replaceAll(/\s*\n\s*/g, ' '),
        'correct the file, or take it out of protocols in the config',
      ),
    ]
  } finally {
    await clinical.close()
  }
}

function protocolFinding(protocol: LoadedProtocol): Finding {
  const title = `protocol ${protocol.name}`
  const why = idleReason(protocol)
  if (protocol.idle !== 'no change types') return ok(title, why ?? `loads: ${protocol.title}`)
  return warn(title, `loads, and ${why}`, 'name change types in its Meta, or take it out of protocols')
}

const roleOf = (url: string): string => decodeURIComponent(/^\w+:\/\/([^:@/]*)[:@]/.exec(url)?.[1] ?? '') || 'notifyd'
