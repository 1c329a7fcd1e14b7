// `notifyd replay`: asks for a replay (or says what one would send), follows it to its end, and tells what came of it. With
// no daemon running it is carried out here.
import { randomUUID } from 'node:crypto'
import { JournalError, UsageError } from '../base/errors.js'
import { formatLsn, type Lsn } from '../capture/lsn.js'
import type { Gap } from '../journal/gaps.js'
import { Journal } from '../journal/journal.js'
import { JournalLock } from '../journal/lock.js'
import type { ReplayPlace, ReplaySelection } from '../journal/replay-range.js'
import { ask } from './ask.js'
import { counted } from './counted.js'
import { toldGap } from './gap-remark.js'
import { jsonText, printable } from './printable.js'
import { type RecomputeOptions, recomputeRange } from './recompute.js'
import { crossedText, gapsCrossed } from './replay-gaps.js'
import { type AskedReplay, selectionOf } from './replay-selection.js'

export interface ReplayOptions {
  readonly journal: string
  readonly asked: AskedReplay
  /** Requests a second; null: as fast as it goes. */
  readonly rate: number | null
  /** Null: stored deliveries are sent as they are. */
  readonly recompute: RecomputeOptions['compute'] | null
  readonly json: boolean
  /** Carries out what the journal has unfinished, in this process. */
  runHere(journal: Journal, signal: AbortSignal): Promise<void>
  /** How far it is; called some times a second. */
  progress(text: string): void
  /** Ctrl-C: the replay is stopped. */
  readonly signal: AbortSignal
}

export interface Replayed {
  readonly text: string
  /** Every one was delivered. */
  readonly isWhole: boolean
}

const lookEveryMs = 200

/** @throws UsageError for a range that the journal does not have; nothing is sent then. */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { journal: path, rate } = options
  const journal = await Journal.open(path, 'asker')
  try {
    const given = selectionOf(journal, options.asked)
    journal.replays.checkRange(given)
    const crossed = gapsCrossed(journal, options.asked, given)
    const { selection, remark } = await recomputed(journal, options, closed(journal, given))
    const total = journal.replays.count(selection)
    const answer = await ask(path, { kind: 'replay', arguments: { selection, rate, total } }, new Set())
    if ('error' in answer) throw new UsageError(answer.error)
    await carriedOut(journal, answer.done, options)
    return told(journal, answer.done, { remark, crossed }, options)
  } finally {
    journal.close()
  }
}

/** What is committed from now on is no part of it. */
function closed(journal: Journal, selection: ReplaySelection): ReplaySelection {
  const end = journal.checkpoint()?.durableLsn
  return selection.to !== undefined || end === undefined ? selection : { ...selection, to: formatLsn(end) }
}

/** With `--recompute` what is to be sent is made first; the selection is that alone. */
async function recomputed(
  journal: Journal,
  { journal: journalPath, recompute: compute, progress }: ReplayOptions,
  selection: ReplaySelection,
): Promise<{ selection: ReplaySelection; remark: string }> {
  if (compute === null) return { selection, remark: '' }
  progress('recomputing')
  const recompute = randomUUID()
  const made = await recomputeRange(journal, { journalPath, selection, recompute, compute }, true)
  const { from, to } = selection
  const failed = made.failures === 0 ? '' : `, a protocol failed ${counted(made.failures, 'time')}`
  const remark = `${counted(made.changes, 'change')} recomputed${failed}; `
  return { selection: { from, ...(to !== undefined && { to }), recompute }, remark }
}

/** By the daemon that runs; where none does, or it ends meanwhile, here. */
async function carriedOut(journal: Journal, id: number, options: ReplayOptions): Promise<void> {
  const { journal: path, progress, signal } = options
  for (let isStopped = false; ; ) {
    const now = journal.replays.get(id)
    if (now === null) throw new JournalError('the replay is not in the journal any more')
    progress(`${now.delivered + now.failures.length} of ${now.total}`)
    if (now.finished) return
    if (signal.aborted && !isStopped) {
      await ask(path, { kind: 'replay stop', arguments: { id } }, new Set())
      isStopped = true
    }
    const lock = JournalLock.tryTake(path)
    if (lock === null) await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    else await here(journal, id, lock, options)
  }
}

async function here(journal: Journal, id: number, lock: JournalLock, options: ReplayOptions): Promise<void> {
  const show = setInterval(() => {
    const now = journal.replays.get(id)
    if (now !== null) options.progress(`${now.delivered + now.failures.length} of ${now.total}`)
  }, lookEveryMs)
  const stop = () => void journal.replays.stop(id)
  options.signal.addEventListener('abort', stop, { once: true })
  try {
    await options.runHere(journal, options.signal)
  } finally {
    options.signal.removeEventListener('abort', stop)
    clearInterval(show)
    lock.release()
  }
}

interface Remarks {
  readonly remark: string
  readonly crossed: readonly Gap[]
}

function told(journal: Journal, id: number, { remark, crossed }: Remarks, { json }: ReplayOptions): Replayed {
  const done = journal.replays.get(id)
  if (done === null) throw new JournalError('the replay is not in the journal any more')
  const { delivered, failures, stopped: isStopped } = done
  // What was owed when it was counted, and delivered since, is sent again too.
  const total = Math.max(isStopped ? done.total : 0, delivered + failures.length)
  const isWhole = failures.length === 0 && !isStopped
  if (json) {
    const all = { total, delivered, failures, stopped: isStopped, gaps: crossed.map(toldGap) }
    return { text: `${jsonText(all)}\n`, isWhole }
  }
  const again = remark === '' ? ' again' : ''
  const lines = printable(failures).map(
    ({ webhook_id, endpoint, error }) => `failed  ${webhook_id}  ${endpoint}  ${error}`,
  )
  const stopped = isStopped ? ', then stopped' : ''
  const text = [`${remark}${delivered} of ${total} delivered${again}${stopped}`, ...lines, ''].join('\n')
  return { text: `${text}${crossedText(crossed)}`, isWhole }
}

interface Row {
  readonly lsn: string | null
  readonly webhook_id: string
  readonly endpoint: string
  readonly notification: string
  readonly sequence: number | null
  readonly appointment_external_id: string | null
}

export interface DryRun {
  readonly text: string
  /** What `--json` has no place for: the gaps that the range crosses; empty: none, or `text` tells it. */
  readonly remark: string
}

/** What would be sent; nothing is, and nothing is written. @throws as `replay`. */
export async function dryRun(options: Omit<ReplayOptions, 'runHere' | 'rate'>): Promise<DryRun> {
  const journal = await Journal.open(options.journal, 'reader')
  try {
    const selection = selectionOf(journal, options.asked)
    journal.replays.checkRange(selection)
    const rows = options.recompute === null ? stored(journal, selection) : await unseen(journal, options, selection)
    const crossed = crossedText(gapsCrossed(journal, options.asked, selection))
    if (options.json) return { text: `${jsonText(rows)}\n`, remark: crossed }
    const lines = rows.map((row) => `${Object.values(printable(row)).join('  ')}\n`)
    return { text: `${lines.join('')}${rows.length} would be sent\n${crossed}`, remark: '' }
  } finally {
    journal.close()
  }
}

function stored(journal: Journal, selection: ReplaySelection): Row[] {
  const rows: Row[] = []
  let after: ReplayPlace | null = null
  do {
    const { deliveries, end } = journal.replays.read(selection, after)
    for (const { commitLsn, webhookId, endpoint, notification, sequence, appointmentExternalId } of deliveries) {
      const [lsn, webhook_id, appointment_external_id] = [printed(commitLsn), webhookId, appointmentExternalId]
      rows.push({ lsn, webhook_id, endpoint, notification, sequence, appointment_external_id })
    }
    after = end
  } while (after !== null)
  return rows
}

async function unseen(
  journal: Journal,
  { journal: journalPath, recompute: compute }: Omit<ReplayOptions, 'runHere' | 'rate'>,
  selection: ReplaySelection,
): Promise<Row[]> {
  if (compute === null) return []
  const made = await recomputeRange(journal, { journalPath, selection, recompute: '', compute }, false)
  return made.unseen.map(({ change, notification: { webhookId, endpoint, notification } }) => ({
    lsn: printed(change.commitLsn),
    webhook_id: webhookId,
    endpoint,
    notification,
    sequence: null,
    appointment_external_id: change.appointment?.externally_exposable_id ?? null,
  }))
}

const printed = (lsn: Lsn | null): string | null => (lsn === null ? null : formatLsn(lsn))
