// What `protocols test` prints: for each change what each protocol said and would send, and where that is not what was expected
// the two line by line.
import { diffLines } from 'diff'
import pc from 'picocolors'
import type { LoadedProtocol } from '../compute/worker-messages.js'
import { counted } from './counted.js'
import { printableLines } from './printable.js'
import { type Comparison, type Difference, keyOf } from './protocol-expectation.js'
import { hasFailed, type ProtocolRun, type WouldSend } from './protocol-run.js'

export interface Report {
  readonly file: string
  readonly from: string
  readonly protocols: readonly LoadedProtocol[]
  readonly changes: number
  /** As they may be shown. */
  readonly runs: readonly ProtocolRun[]
  readonly expectation: string
  readonly update: boolean
  /** Null: there is nothing to compare with. */
  readonly comparison: Comparison | null
}

export function reportText(given: Report): string {
  const report = printableLines(given)
  const { file, from, protocols, changes, runs, comparison } = report
  const head = protocols.map(
    (one) =>
      `${pc.bold(one.name)}${one.version === '' ? '' : ` ${one.version}`}: ${one.title}, on ${one.changeTypes.join(', ')}`,
  )
  const differing = new Map(comparison?.differences.map((one) => [one.found === null ? '' : keyOf(one.found), one]))
  const rows = runs.map((run) => {
    const difference = differing.get(keyOf(run))
    return difference === undefined ? asExpected(run, comparison) : differs(difference)
  })
  const missing = comparison?.differences.filter(({ found }) => found === null).map(differs) ?? []
  const title = `${file} over ${counted(changes, 'change')} of ${from}`
  return `${[...head, title, '', ...rows, ...missing, '', verdict(report), ''].join('\n')}`
}

function asExpected(run: ProtocolRun, comparison: Comparison | null): string {
  const mark = hasFailed(run) ? pc.red('✗') : comparison === null ? '·' : pc.green('✓')
  const lines = linesOf(run)
  return `${mark} ${titleOf(run)}${lines.length === 1 ? `  ${lines.join('')}` : `\n${textOf(run).trimEnd()}`}`
}

function differs({ expected, found }: Difference): string {
  const [before, after] = [expected, found].map((run) => (run === null ? '' : textOf(run)))
  const parts = diffLines(before ?? '', after ?? '').flatMap(({ value, added, removed }) =>
    value
      .trimEnd()
      .split('\n')
      .map((line) => (added ? pc.green(`  +${line.slice(3)}`) : removed ? pc.red(`  -${line.slice(3)}`) : line)),
  )
  const what = expected === null ? ': not expected' : found === null ? ': it does not compute on this any more' : ''
  const run = found ?? expected
  return `${pc.red('✗')} ${run === null ? '' : titleOf(run)}${what}\n${parts.join('\n')}`
}

const titleOf = ({ change, protocol }: ProtocolRun): string => `${pc.bold(change)}  ${pc.dim(protocol)}`

/** Each line ends with a newline, so that two texts can be held against each other. */
const textOf = (run: ProtocolRun): string =>
  linesOf(run)
    .map((line) => `    ${line.replaceAll('\n', '\n      ')}\n`)
    .join('')

function linesOf(run: ProtocolRun): string[] {
  if (run.failed !== null) return [`failed: ${run.failed}`]
  const { status, due_in: dueIn, narratives, recommendations, notifications } = run
  return [
    `${status}${notifications.length === 0 ? ', sends nothing' : ''}`,
    ...(dueIn === null ? [] : [`due in ${dueIn} days`]),
    ...narratives.map((narrative) => `narrative: ${narrative}`),
    ...recommendations.map((recommendation) => `recommendation: ${JSON.stringify(recommendation)}`),
    ...notifications.flatMap(sendLines),
  ]
}

function sendLines({ to, headers, payload }: WouldSend): string[] {
  const given = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const isLong = typeof payload !== 'string' && text.length > 90
  const body = isLong ? JSON.stringify(payload, null, 2).split('\n') : [text]
  return [`→ ${to}`, ...given, ...body.map((line) => `  ${line}`)]
}

function verdict({ expectation, update, comparison, runs }: Report): string {
  if (runs.length === 0) return pc.yellow('it computes on none of these changes: give it others in a FILE.changes.json')
  if (update) return `${expectation} has it now`
  const failed = runs.filter(hasFailed).length
  if (comparison === null) {
    const failures = failed === 0 ? '' : pc.red(`${counted(failed, 'compute')} failed; `)
    return `${failures}nothing to compare with: --update writes ${expectation}`
  }
  const { differences, uncompared } = comparison
  const rest = uncompared === 0 ? '' : `; ${counted(uncompared, 'compute')} that only one of the two has`
  if (differences.length === 0) return `${pc.green('as expected')} in ${expectation}${rest}`
  const count = counted(differences.length, 'compute')
  return `${pc.red(`${count} not as expected`)} in ${expectation}${rest}; --update takes what is here now`
}
