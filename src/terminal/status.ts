// `notifyd status`: where things stand, from the three that know: the journal, the running daemon, and the server's slot. One
// that does not answer is said, and the others are shown all the same.
import pc from 'picocolors'
import { errorCode } from '../base/errors.js'
import { isoMicros } from '../base/time.js'
import type { DatabaseAddress } from '../capture/connection.js'
import { inspectConnectionLimit } from '../capture/connection-limit.js'
import { openControl } from '../capture/control.js'
import { inspectFailover, inspectHolders, isYetToBeMade } from '../capture/hindrances.js'
import { formatLsn, type Lsn } from '../capture/lsn.js'
import { saidBy } from '../capture/server-words.js'
import { readSlot } from '../capture/slot.js'
import { lookAtWal } from '../capture/wal-look.js'
import { journalHindrances } from '../journal/inspect.js'
import type { Journal } from '../journal/journal.js'
import { gapsInside } from '../journal/wholeness.js'
import { askDaemon, type Readiness, standstillText } from '../status/ask-daemon.js'
import { counted } from './counted.js'
import { type ToldGap, toldGap } from './gap-remark.js'
import { jsonText, printable } from './printable.js'
import { readJournal } from './read-journal.js'

export interface StatusOptions {
  readonly journal: string
  readonly address: DatabaseAddress
  readonly slot: string
  /** database.failover */
  readonly failover: boolean
  /** Where the daemon tells of itself; null: the config turns that off, or leaves the port to chance. */
  readonly http: { readonly host: string; readonly port: number } | null
  readonly json: boolean
}

/** The shape that `--json` prints. */
export interface Status {
  readonly daemon: ({ readonly answers: true } & Readiness) | { readonly answers: false; readonly reason: string }
  readonly slot:
    | {
        readonly answers: true
        readonly name: string
        readonly active: boolean
        /** Its making waits for transactions: nothing streams from it yet. */
        readonly being_made: boolean
        readonly wal_status: string | null
        readonly acknowledged_lsn: string | null
        readonly server_lsn: string | null
        readonly lag_bytes: number | null
        readonly retained_bytes: number | null
        /** What holds the stream up, would lose the slot, or leaves us too few connections. */
        readonly hindrances: readonly string[]
      }
    | { readonly answers: false; readonly reason: string }
  readonly journal: {
    readonly durable_lsn: string | null
    readonly last_commit_at: string | null
    readonly whole_from_lsn: string | null
    /** The gaps that may lie in what is whole from there on. */
    readonly whole_but_for: readonly ToldGap[]
    readonly endpoints: readonly {
      readonly endpoint: string
      readonly owed: number
      readonly dead: number
      readonly waiting_lanes: number
      readonly oldest_owed_at: string | null
      /** Of the newest attempt in its waiting lanes and dead letters: `http 503`, `ECONNREFUSED` … */
      readonly last_error: string | null
    }[]
    readonly attempts_last_minute: { readonly delivered: number; readonly failed: number }
    readonly gaps: { readonly found: number; readonly accepted: number; readonly resumed: number }
    /** Appointments whose update could not be told, not yet accepted. */
    readonly row_gaps: number
    /** Why it may not be safe where it lies, or cannot be written there. */
    readonly hindrances: readonly string[]
  }
}

/** @throws JournalError where there is no journal. */
export async function status(options: StatusOptions): Promise<string> {
  const { journal: path } = options
  const journal = await readJournal(path, async (opened) => ofJournal(opened, await journalHindrances(path)))
  const [daemon, slot] = await Promise.all([ofDaemon(options.http), ofSlot(options)])
  const all: Status = { daemon, slot, journal }
  return options.json ? `${jsonText(all)}\n` : table(printable(all))
}

async function ofJournal(journal: Journal, hindrances: readonly string[]): Promise<Status['journal']> {
  const checkpoint = journal.checkpoint()
  const { endpoints, gaps, rowGaps } = journal.figures()
  const minuteAgo = Date.now() - 60_000
  const attempts = await journal.disclosures.countSince(minuteAgo)
  return {
    durable_lsn: checkpoint === null ? null : formatLsn(checkpoint.durableLsn),
    last_commit_at: checkpoint?.lastCommittedAt == null ? null : isoMicros(checkpoint.lastCommittedAt),
    whole_from_lsn: checkpoint === null ? null : formatLsn(checkpoint.completeFromLsn),
    whole_but_for: checkpoint === null ? [] : gapsInside(checkpoint, journal.gaps()).map(toldGap),
    endpoints: endpoints.map(({ endpoint, owed, dead, waitingLanes, oldestOwedAt, lastError }) => ({
      endpoint,
      owed,
      dead,
      waiting_lanes: waitingLanes,
      oldest_owed_at: oldestOwedAt === null ? null : isoMicros(oldestOwedAt),
      last_error: lastError,
    })),
    attempts_last_minute: attempts,
    gaps,
    row_gaps: rowGaps,
    hindrances,
  }
}

async function ofDaemon(http: StatusOptions['http']): Promise<Status['daemon']> {
  if (http === null) return { answers: false, reason: 'http is off, or its port is left to chance' }
  const answer = await askDaemon(http)
  if (typeof answer === 'string') return { answers: false, reason: answer }
  const { reason = null, failed_checks = [], standstill = null, ...readiness } = answer
  const { phase, ready, received_lsn, lag_bytes, lag_seconds, last_error } = readiness
  const ended = { last_error, failed_checks, standstill }
  return { answers: true, phase, ready, reason, received_lsn, lag_bytes, lag_seconds, ...ended }
}

async function ofSlot({ address, slot: name, failover }: StatusOptions): Promise<Status['slot']> {
  const control = openControl(address, () => undefined)
  try {
    const slot = await readSlot(control, name)
    const hindrances = [
      ...(await inspectFailover(control, name, failover)),
      ...(isYetToBeMade(slot) ? await inspectHolders(control) : []),
      ...(await inspectConnectionLimit(control)),
    ]
      .filter(({ level }) => level !== 'ok')
      .map(({ found }) => found)
    if (slot === null) return { answers: false, reason: [`there is no slot ${name}`, ...hindrances].join('; ') }
    const look = await lookAtWal(control, name)
    const text = (lsn: Lsn | null | undefined) => (lsn === null || lsn === undefined ? null : formatLsn(lsn))
    const { confirmedFlush } = slot
    return {
      answers: true,
      name,
      active: slot.active,
      being_made: slot.slotType === 'logical' && isYetToBeMade(slot),
      wal_status: slot.walStatus,
      acknowledged_lsn: text(confirmedFlush),
      server_lsn: text(look?.serverEnd),
      lag_bytes: look === null || confirmedFlush === null ? null : Math.max(0, Number(look.serverEnd - confirmedFlush)),
      retained_bytes: look?.retainedBytes ?? slot.retainedBytes,
      hindrances,
    }
  } catch (error) {
    return { answers: false, reason: `the database does not answer (${errorCode(error) ?? 'no code'})${saidBy(error)}` }
  } finally {
    await control.close()
  }
}

function table({ daemon, slot, journal }: Status): string {
  const rows: [name: string, value: string][] = []
  if (daemon.answers) {
    const phase = daemon.ready ? pc.green(`${daemon.phase}, ready`) : pc.yellow(`${daemon.phase}, not ready`)
    rows.push(['daemon', daemon.last_error === null ? phase : `${phase}, last error ${daemon.last_error}`])
    for (const found of daemon.failed_checks ?? []) rows.push(['check fails', pc.red(found)])
    if (daemon.standstill) rows.push(['stream', pc.red(standstillText(daemon.standstill))])
    if (daemon.reason) rows.push(['why', daemon.reason])
    if (daemon.received_lsn !== null) rows.push(['received', daemon.received_lsn])
    if (daemon.lag_seconds !== null) rows.push(['lag', `${bytes(daemon.lag_bytes)}, ${daemon.lag_seconds} s`])
  } else rows.push(['daemon', pc.yellow(daemon.reason)])
  if (slot.answers) {
    const state = slot.being_made
      ? pc.yellow('being made, nothing streams from it yet')
      : slot.active
        ? pc.green('streaming')
        : pc.yellow('nobody streams from it')
    rows.push([`slot ${slot.name}`, `${state}, wal_status ${slot.wal_status ?? 'unknown'}`])
    for (const found of slot.hindrances) rows.push(['', pc.yellow(found)])
    rows.push(['server’s end of WAL', slot.server_lsn ?? 'unknown'])
    rows.push(['acknowledged', `${slot.acknowledged_lsn ?? '-'}, ${bytes(slot.lag_bytes)} behind`])
    rows.push(['WAL kept for it', bytes(slot.retained_bytes)])
  } else rows.push(['slot', pc.yellow(slot.reason)])
  rows.push(['journal durable to', `${journal.durable_lsn ?? '-'}, last commit ${journal.last_commit_at ?? 'none'}`])
  for (const found of journal.hindrances) rows.push(['', pc.yellow(found)])
  rows.push(['whole from', `${journal.whole_from_lsn ?? '-'}${butForText(journal.whole_but_for)}`])
  const { delivered, failed } = journal.attempts_last_minute
  rows.push(['last minute', `${delivered} delivered, ${counted(failed, 'attempt')} failed`])
  for (const {
    endpoint,
    owed,
    dead,
    waiting_lanes: waiting,
    oldest_owed_at: oldest,
    last_error,
  } of journal.endpoints) {
    const since = oldest === null ? '' : ` (the oldest of ${oldest})`
    const letters = dead === 0 ? '' : `, ${pc.red(counted(dead, 'dead letter'))}`
    const why = last_error === null ? '' : `, last error ${last_error}`
    rows.push([
      `endpoint ${endpoint}`,
      `${owed} owed${since}, ${counted(waiting, 'appointment')} wait${waiting === 1 ? 's' : ''} for a retry${letters}${why}`,
    ])
  }
  if (journal.endpoints.length === 0) rows.push(['endpoints', 'nothing is owed, nothing is dead'])
  if (journal.gaps.found > 0)
    rows.push(['gaps', pc.red(`${journal.gaps.found} wait${journal.gaps.found === 1 ? 's' : ''}: notifyd gaps list`)])
  if (journal.row_gaps > 0)
    rows.push([
      'gaps of one row',
      pc.red(`${journal.row_gaps} wait${journal.row_gaps === 1 ? 's' : ''}, the stream goes on: notifyd gaps list`),
    ])
  const width = Math.max(...rows.map(([name]) => name.length))
  return `${rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n`
}

function butForText(gaps: readonly ToldGap[]): string {
  const last = gaps.at(-1)
  if (last === undefined) return ''
  const which = gaps.length === 1 ? '' : ', the last'
  return `, but for ${counted(gaps.length, 'gap')}${which} ${last.from} … ${last.to}: notifyd gaps list`
}

function bytes(count: number | null): string {
  if (count === null) return 'unknown'
  if (count < 10_000) return `${count} bytes`
  return count < 10_000_000 ? `${Math.round(count / 1000)} kB` : `${Math.round(count / 1_000_000)} MB`
}
