// `notifyd protocols list|test`: what the config's protocols ask for; and one file tried on examples, in the thread that the
// daemon would run it in, its results held against what its author expects. Of journaled changes, which are of real patients,
// payloads are shown as their hashes unless the author asks for more.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createTwoFilesPatch } from 'diff'
import { UsageError } from '../base/errors.js'
import type { Log } from '../base/log.js'
import type { ResolvedChange } from '../change/captured-change.js'
import { Compute } from '../compute/compute.js'
import type { ComputedChange } from '../compute/computed-change.js'
import { type ExampleChange, exampleChanges, ownExampleChanges } from '../compute/example-changes.js'
import type { LoadedProtocol } from '../compute/worker-messages.js'
import { readJournal } from './read-journal.js'

export interface ProtocolTestOptions {
  /** Absolute path of the protocol. */
  readonly file: string
  /** Names that send_notification may be given. */
  readonly endpoints: readonly string[]
  readonly settings: Readonly<Record<string, unknown>>
  readonly timeoutMs: number
  /** Changes of the author's own, as a JSON file; default: `<file>.changes.json` where it is there. */
  readonly changes: string | undefined
  /** Journaled changes instead of examples. */
  readonly journal: { readonly path: string; readonly from: string; readonly limit: number } | null
  /** Of journaled changes too. */
  readonly showPayloads: boolean
  /** Writes what came as what is expected. */
  readonly update: boolean
  readonly log: Log
}

/** What came of one change; also the shape of the expectation file and of `--json`. */
export interface Trial {
  readonly example: string
  readonly protocol: string
  readonly status: string
  readonly narratives: readonly string[]
  readonly due_in: number | null
  readonly sent: readonly {
    readonly to: string
    readonly headers: Readonly<Record<string, string>>
    readonly payload: unknown
  }[]
}

export interface Tried {
  readonly trials: readonly Trial[]
  /** A unified diff; null: as expected, or nothing is expected yet. */
  readonly difference: string | null
  readonly expectation: string
  readonly isWritten: boolean
}

const source = { systemIdentifier: '0', timeline: 1 }

export function listProtocols(protocols: readonly LoadedProtocol[]): string {
  const rows = protocols.map(
    ({ name, version, title, changeTypes, file }) =>
      `${name} ${version}  ${title}\n  on ${changeTypes.join(', ')}  ${file}`,
  )
  return rows.length === 0 ? 'no protocols but the built-in AppointmentNotification\n' : `${rows.join('\n')}\n`
}

/** @throws ProtocolLoadError, UsageError */
export async function tryProtocol(options: ProtocolTestOptions): Promise<Tried> {
  const { file, journal, update } = options
  const examples = journal === null ? examplesOf(options) : await journaled(journal)
  const compute = await Compute.load({
    noteStates: new Map(),
    endpoints: options.endpoints.map((name) => ({ name, notifications: new Set() })),
    files: [file],
    settings: options.settings,
    timeoutMs: options.timeoutMs,
    log: options.log,
    appointments: () => Promise.resolve([]),
  })
  try {
    const names = new Set(compute.protocols.map(({ name }) => name))
    const isHidden = journal !== null && !options.showPayloads
    const trials: Trial[] = []
    for (const { name, change } of examples) {
      const [computed] = await compute.compute([change], source)
      if (computed !== undefined) trials.push(...trialsOf(name, computed, names, isHidden))
    }
    const expectation = `${file}.expected.json`
    if (journal !== null) return { trials, difference: null, expectation, isWritten: false }
    const text = `${JSON.stringify(trials, null, 2)}\n`
    if (update) writeFileSync(expectation, text)
    const expected = existsSync(expectation) ? readExpectation(expectation) : null
    const differs = expected !== null && expected !== text
    const difference = differs ? createTwoFilesPatch('expected', 'came', expected, text) : null
    return { trials, difference, expectation, isWritten: expected !== null }
  } finally {
    await compute.close()
  }
}

/** However it is formatted. */
function readExpectation(file: string): string {
  try {
    return `${JSON.stringify(JSON.parse(readFileSync(file, 'utf8')), null, 2)}\n`
  } catch (error) {
    throw new UsageError(`${file} is no JSON: --update writes it anew`, { cause: error })
  }
}

function examplesOf({ file, changes }: ProtocolTestOptions): readonly ExampleChange[] {
  const own = changes ?? `${file}.changes.json`
  if (!existsSync(own)) {
    if (changes !== undefined) throw new UsageError(`--changes ${changes}: there is no such file`)
    return exampleChanges
  }
  try {
    return [...exampleChanges, ...ownExampleChanges(JSON.parse(readFileSync(own, 'utf8')))]
  } catch (error) {
    const shape = '[{ "name", "change_type", "model", "operation", "fields": { column: [old, new] } }]'
    throw new UsageError(`${own} does not hold changes: expected ${shape}`, { cause: error })
  }
}

function journaled({ path, from, limit }: NonNullable<ProtocolTestOptions['journal']>) {
  return readJournal(path, ({ recomputes }) =>
    recomputes.changes({ from }, 0, limit).map(({ change }) => ({ name: nameOf(change), change })),
  )
}

const nameOf = ({ fieldChanges, operation, appointment }: ResolvedChange): string =>
  `${fieldChanges.model_name} ${operation} ${appointment?.externally_exposable_id ?? ''}`.trim()

function trialsOf(example: string, computed: ComputedChange, names: ReadonlySet<string>, isHidden: boolean): Trial[] {
  return computed.outcomes
    .filter(({ protocol }) => names.has(protocol))
    .map((outcome) => {
      const { protocol } = outcome
      if (outcome.tag === 'failed') {
        const why = isHidden ? '' : `: ${outcome.message}`
        return {
          example,
          protocol,
          status: `failed, ${outcome.cause}${why}`,
          narratives: [],
          due_in: null,
          sent: [],
        }
      }
      const sent = computed.notifications
        .filter((notification) => notification.protocol === protocol)
        .map(({ endpoint, url, headers, body }) => ({
          to: url ?? endpoint,
          headers,
          payload: isHidden
            ? `sha256 ${createHash('sha256').update(body).digest('hex').slice(0, 12)}`
            : JSON.parse(body),
        }))
      const narratives = isHidden ? outcome.narratives.map(() => '…') : outcome.narratives
      return { example, protocol, status: outcome.status, narratives, due_in: outcome.due_in, sent }
    })
}

export function trialRows(trials: readonly Trial[]): string {
  const width = Math.max(...trials.map(({ example }) => example.length), 0)
  return trials
    .map(({ example, protocol, status, narratives, sent }) => {
      const head = `${example.padEnd(width)}  ${protocol}  ${status}${sent.length === 0 ? ', nothing sent' : ''}`
      const said = narratives.map((text) => `  says ${text}`)
      const posts = sent.map(({ to, payload }) => `  → ${to}  ${JSON.stringify(payload)}`)
      return `${[head, ...said, ...posts].join('\n')}\n`
    })
    .join('')
}
