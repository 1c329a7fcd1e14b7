// `notifyd protocols` on the command line: for the authors of protocols. Only the journal, a list without files, and `--config`
// need a config.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { UsageError } from './base/errors.js'
import { createLog } from './base/log.js'
import { aCount, anLsn, type Finished, type Options, type Shared } from './cli-options.js'
import { Compute, type ComputeOptions } from './compute/compute.js'
import { loadConfig } from './config.js'
import { openClinical } from './open-clinical.js'
import { readSettings } from './settings.js'
import { journalCases } from './terminal/journal-cases.js'
import { logText } from './terminal/log-line.js'
import { readExamples } from './terminal/protocol-cases.js'
import { listProtocols } from './terminal/protocol-list.js'
import { type Tested, testProtocol } from './terminal/protocol-test.js'
import { readJournal } from './terminal/read-journal.js'

interface TestFlags extends Options {
  readonly changes?: string
  readonly endpoint?: readonly string[]
  readonly expected?: string
  readonly update?: boolean
  readonly journal?: boolean
  readonly from?: string
  readonly to?: string
  readonly limit: number
  readonly showPayloads?: boolean
}

const screen = `
It sends nothing. What the protocol would send is printed: your own examples', so put no real patient into them. Of the
journal's changes, which are real patients', hashes are printed and saved, unless --show-payloads puts them on this screen.`

export function protocolCommands(program: Command, shared: Shared, done: Finished): void {
  const group = program.command('protocols').description('for authors: what a protocol is, and what it would send')
  group.exitOverride()
  shared(group.command('list').description("the config's protocols, or those of files"), 'protocols list')
    .argument('[files...]')
    .action(async (files: string[], { config, json }: Options) => {
      const own = files.length > 0 ? null : (await loadConfig(config)).protocols
      const paths = own ?? files.map((file) => resolve(file))
      process.stdout.write(await listProtocols(() => load(paths, bare), own !== null, json === true))
      done(0)
    })

  const about =
    'runs protocols over examples, or the journal, and compares with what is expected; exit 1 on a difference'
  shared(group.command('test').description(about), 'protocols test protocols/*.ts')
    .argument('<files...>')
    .option('--changes <file>', 'example changes, endpoints and settings (default: FILE.changes.json, else built in)')
    .option('--endpoint <name...>', 'names that send_notification may be given, beside those of --changes and --config')
    .option('--expected <file>', 'what is expected (default: FILE.expected.json, of the journal FILE.journal.json)')
    .option('--update', 'save what it makes of them now as what is expected')
    .option('--journal', "over the journal's changes instead, with the config's endpoints and settings")
    .option('--from <lsn>', "the journal's from this commit on", anLsn)
    .option('--to <lsn>', 'up to this commit, itself included', anLsn)
    .option('--limit <n>', "the journal's first so many", aCount, 1000)
    .option('--show-payloads', 'with --journal: print payloads, which are of real patients')
    .addHelpText('after', screen)
    .action(async (files: string[], flags: TestFlags, command: Command) => {
      const isConfigNamed = command.getOptionValueSource('config') === 'cli'
      checkFlags(files, flags)
      let isGood = true
      for (const file of files) {
        const tested = await (flags.journal === true
          ? overJournal(file, flags)
          : overExamples(file, flags, isConfigNamed))
        process.stdout.write(files.length > 1 && flags.json !== true ? `${tested.text}\n` : tested.text)
        isGood &&= tested.isGood
      }
      done(isGood ? 0 : 1)
    })
}

/** @throws UsageError for options that do not go together */
function checkFlags(files: readonly string[], flags: TestFlags): void {
  const { changes, expected, journal, from, to, showPayloads } = flags
  if (journal === true && changes !== undefined) {
    throw new UsageError('--changes and --journal are two places to take changes from: give one')
  }
  if (journal !== true && (from !== undefined || to !== undefined || showPayloads === true)) {
    throw new UsageError('--from, --to and --show-payloads are of the journal: give --journal too')
  }
  if (files.length > 1 && (changes ?? expected) !== undefined) {
    throw new UsageError('--changes and --expected are of one protocol: name one file')
  }
}

type Surroundings = Omit<ComputeOptions, 'files'>

/** What a protocol has without a config. What its log says of real patients is nobody's to read. */
const bare: Surroundings = {
  noteStates: new Map(),
  endpoints: [],
  settings: {},
  timeoutMs: 10_000,
  log: createLog({ level: 'silent' }),
  appointments: async () => new Map(),
}

const load = (files: readonly string[], options: Surroundings): Promise<Compute> => Compute.load({ ...options, files })

const beside = (file: string, what: string): string => `${file}.${what}.json`

/** @param surroundings what a test gives otherwise */
export async function overExamples(
  file: string,
  flags: Partial<TestFlags> & Options,
  isConfigNamed: boolean,
  surroundings: Partial<Surroundings> = {},
): Promise<Tested> {
  const { changes, endpoint = [], expected, update, json } = flags
  const examples = readExamples(changes ?? beside(file, 'changes'), changes !== undefined)
  const config = isConfigNamed ? await loadConfig(flags.config) : null
  const names = [...endpoint, ...examples.endpoints, ...(config?.endpoints.map(({ name }) => name) ?? [])]
  return testProtocol({
    file,
    from: examples.from,
    cases: examples.cases,
    load: (answer) =>
      load([resolve(file)], {
        ...bare,
        endpoints: [...new Set(names)].map((name) => ({ name, notifications: new Set() })),
        settings: { ...config?.settings, ...examples.settings },
        ...(config !== null && { timeoutMs: config.protocol_timeout_ms }),
        log: createLog({ level: 'info', fd: 2, text: logText }),
        appointments: async (patientIds) => new Map(patientIds.map((id) => [id, answer(id) ?? []])),
        ...surroundings,
      }),
    expectation: expected ?? beside(file, 'expected'),
    update: update === true,
    isReal: false,
    showPayloads: true,
    json: json === true,
  })
}

async function overJournal(file: string, flags: TestFlags): Promise<Tested> {
  const { expected, update, from, to, limit, showPayloads, json } = flags
  const config = await loadConfig(flags.config)
  const settings = await readSettings(config)
  const clinical = openClinical(settings, bare.log)
  try {
    return await readJournal(config.journal.url, (journal) =>
      testProtocol({
        file,
        from: 'the journal',
        cases: journalCases(journal, { from: from ?? null, to: to ?? null, limit }),
        load: () =>
          load([resolve(file)], {
            ...bare,
            endpoints: settings.wanted,
            settings: config.settings,
            timeoutMs: config.protocol_timeout_ms,
            appointments: (patientIds) => clinical.appointmentsOf(patientIds),
          }),
        expectation: expected ?? beside(file, 'journal'),
        update: update === true,
        isReal: true,
        showPayloads: showPayloads === true,
        json: json === true,
      }),
    )
  } finally {
    await clinical.close()
  }
}
