// `notifyd check`: every precondition as a row, with what was found and what mends it. Changes nothing; `--send-test` POSTs.
import pc from 'picocolors'
import { errorCode, judge } from '../base/errors.js'
import type { DatabaseAddress } from '../capture/connection.js'
import { openControl } from '../capture/control.js'
import { type Finding, fail, type Sql, type WatchedTable } from '../capture/finding.js'
import { inspectFailover, inspectHolders, isYetToBeMade } from '../capture/hindrances.js'
import { inspectPhysical } from '../capture/physical.js'
import { preflight } from '../capture/preflight.js'
import { isOfPooler, poolerRemedy, saidBy } from '../capture/server-words.js'
import { readSlot } from '../capture/slot.js'
import { inspectTimeZones } from '../capture/time-zones.js'
import { inspectJournal } from '../journal/inspect.js'
import type { Endpoint } from '../send/endpoint.js'
import { type EndpointCheck, inspectEndpoint } from '../send/inspect-endpoint.js'
import { askDaemon, standstillText } from '../status/ask-daemon.js'
import { inspectStart } from './check-start.js'
import { jsonText, printable } from './printable.js'

export interface CheckOptions {
  readonly address: DatabaseAddress
  readonly slot: string
  /** database.failover */
  readonly failover: boolean
  readonly publication: string
  readonly tables: readonly WatchedTable[]
  readonly journal: string
  /** Where a running daemon tells of itself; null: nowhere. */
  readonly http: { readonly host: string; readonly port: number } | null
  readonly endpoints: readonly Endpoint[]
  readonly sending: EndpointCheck
  /** Loads the protocols that the config names. */
  readonly protocols: () => Promise<readonly Finding[]>
  /** Tries the look-ups that `run` will make. */
  readonly lookups: () => Promise<readonly Finding[]>
  readonly json: boolean
}

export interface Checked {
  readonly text: string
  readonly isReady: boolean
  readonly findings: readonly Finding[]
}

const marks = { ok: pc.green('✓'), warn: pc.yellow('!'), fail: pc.red('✗') } as const

export async function check(options: CheckOptions): Promise<Checked> {
  const { journal, endpoints, sending, protocols, lookups } = options
  const parts = await Promise.all([
    ofDatabase(options),
    lookups(),
    ofDaemon(options.http),
    inspectJournal(journal),
    ...endpoints.map((endpoint) => inspectEndpoint(endpoint, sending)),
    protocols(),
  ])
  const findings = parts.flat()
  const isReady = findings.every((finding) => finding.level !== 'fail')
  if (options.json) return { text: `${jsonText({ ready: isReady, findings })}\n`, isReady, findings }
  return { text: findingsTable(findings), isReady, findings }
}

/** A row each, and what mends it below. */
export function findingsTable(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map((finding) => finding.title.length))
  const rows = printable(findings).map(({ level, title, found, remedy }) => {
    const row = `${marks[level]} ${title.padEnd(width)}  ${found}`
    return remedy === null ? row : `${row}\n  ${' '.repeat(width)}  → ${remedy}`
  })
  return `${rows.join('\n')}\n`
}

/** Nothing where none runs, or it goes on: what it needs is looked at by the others. */
async function ofDaemon(http: CheckOptions['http']): Promise<readonly Finding[]> {
  const answer = http === null ? 'http is off' : await askDaemon(http)
  if (typeof answer === 'string' || !answer.standstill) return []
  return [fail('stream', standstillText(answer.standstill), 'docs/errors.md tells the code; the log has its message')]
}

/** A database that does not answer is a finding like any other. */
async function ofDatabase(options: CheckOptions): Promise<readonly Finding[]> {
  const { address, slot, publication, tables, journal } = options
  const control = openControl(address, () => undefined)
  try {
    const found = await preflight({ sql: control, slot, publication, tables })
    const starts = await inspectStart(control, { address, slot, publication, tables, journal })
    const zones = await inspectTimeZones(control, address, tables)
    return [
      ...found,
      ...zones,
      ...(await ofSlot(control, options)),
      ...(await inspectPhysical(control, address)),
      ...starts,
    ]
  } catch (error) {
    const verdict = judge(error)
    const code = errorCode(error) ?? verdict.code
    const said = saidBy(error)
    if (verdict.tag === 'stop') return [fail('connection', `the database refuses us (${code})${said}`, verdict.remedy)]
    if (isOfPooler(error)) return [fail('connection', `the database refuses us (${code})${said}`, poolerRemedy)]
    const remedy = 'is the server up, and are host and port in database.url right?'
    return [fail('connection', `the database does not answer (${code})${said}`, remedy)]
  } finally {
    await control.close()
  }
}

async function ofSlot(sql: Sql, { slot, failover }: CheckOptions): Promise<readonly Finding[]> {
  const waits = isYetToBeMade(await readSlot(sql, slot)) ? await inspectHolders(sql) : []
  return [...(await inspectFailover(sql, slot, failover)), ...waits]
}
