// `notifyd explain`: what arrived, what each protocol made of it, why something was sent or was not, and every attempt. Shows
// names of columns, never a value of a row; what a protocol's own error says only where that is asked for.
import pc from 'picocolors'
import { isoMicros } from '../base/time.js'
import { formatLsn, type Lsn, parseLsn } from '../capture/lsn.js'
import { appointmentModel } from '../change/model.js'
import { noOldImage } from '../compute/appointment-notification.js'
import type { ProtocolOutcome } from '../compute/computed-change.js'
import { type ExplainedChange, type ExplainedDelivery, explained, type Subject } from '../journal/explained.js'
import type { Gap } from '../journal/gaps.js'
import type { Journal } from '../journal/journal.js'
import { butFor, gapsInside, mayHide } from '../journal/wholeness.js'
import { gapLines } from './gap-remark.js'
import { jsonText, printable } from './printable.js'
import { readJournal } from './read-journal.js'

export interface ExplainOptions {
  readonly journal: string
  /** An appointment's external id, an LSN, or a webhook id. */
  readonly subject: string
  readonly limit: number
  /** Shows what a protocol's error says, which may hold what it computed on. */
  readonly protocolErrors: boolean
  readonly json: boolean
}

export interface Explained {
  readonly text: string
  /** What `--json` has no place for: the gaps that touch it; empty: none does, or `text` tells it. */
  readonly remark: string
  /** Whether the journal knows anything of it. */
  readonly isFound: boolean
}

export function explain({ journal, subject, limit, protocolErrors, json }: ExplainOptions): Promise<Explained> {
  const [about, externalId] = subjectsOf(subject)
  return readJournal(journal, async (open) => {
    let changes = await explained(open.db, about, limit + 1)
    if (changes.length === 0 && externalId !== null) changes = await explained(open.db, externalId, limit + 1)
    const shown = changes.slice(0, limit).map((change) => ({
      ...change,
      outcomes: change.outcomes.map((outcome) => (protocolErrors ? outcome : withoutMessage(outcome))),
    }))
    const isFound = shown.length > 0
    const gaps = touching(about, shown, open)
    const missing =
      gaps.length === 0 ? '' : `this may not be all: what was committed in a gap may be missing\n${gapLines(gaps)}`
    if (json) return { isFound, text: `${jsonText(shown.map(asJson))}\n`, remark: missing }
    if (!isFound) return { isFound, text: `${unknown(about, open)}\n${gapLines(gaps)}`, remark: '' }
    const more = changes.length > limit ? `… and more: --limit ${limit * 2}\n` : ''
    const told = shown.map((change) => paragraph(asPrinted(change))).join('\n')
    return { isFound, text: `${told}${more}${missing === '' ? '' : `\n${missing}`}`, remark: '' }
  })
}

const isLsn = /^[0-9a-f]{1,8}\/[0-9a-f]{1,8}$/i

/** What it looks like; where that is not an external id, it may be one all the same: the clinic makes them as it likes. */
function subjectsOf(text: string): [about: Subject, externalId: Subject | null] {
  const externalId: Subject = { tag: 'appointment', externalId: text }
  if (text.startsWith('msg_')) return [{ tag: 'webhook id', webhookId: text }, externalId]
  if (isLsn.test(text)) return [{ tag: 'lsn', lsn: parseLsn(text) }, externalId]
  return [externalId, null]
}

/** The gaps in which something of it may be missing. An LSN of before lies in one, or in none that counts. */
function touching(subject: Subject, shown: readonly ExplainedChange[], journal: Journal): readonly Gap[] {
  const checkpoint = journal.checkpoint()
  if (checkpoint === null) return []
  const all = journal.gaps()
  const inside = gapsInside(checkpoint, all)
  const at = (lsn: Lsn) => (lsn < checkpoint.completeFromLsn ? all : inside).filter((gap) => mayHide(gap, lsn, lsn))
  const [first] = shown
  if (subject.tag === 'lsn') return at(subject.lsn)
  if (first === undefined) return inside
  // What became of one change that was journaled, no gap hides.
  if (subject.tag === 'webhook id') return []
  const since = Math.min(...shown.map(({ journaledAt }) => journaledAt))
  return all.filter((gap) => inside.includes(gap) || gap.resumedAt === null || gap.resumedAt >= since)
}

function unknown(subject: Subject, journal: Journal): string {
  const checkpoint = journal.checkpoint()
  if (checkpoint === null) return 'the journal is empty: the daemon has not followed anything yet'
  const from = formatLsn(checkpoint.completeFromLsn)
  const durable = formatLsn(checkpoint.durableLsn)
  const but = butFor(gapsInside(checkpoint, journal.gaps()))
  if (subject.tag === 'lsn' && subject.lsn >= checkpoint.durableLsn) {
    return `not yet: the journal has everything before ${durable}${but}`
  }
  if (subject.tag === 'lsn' && subject.lsn < checkpoint.completeFromLsn) {
    return `the journal is whole from ${from} on (${new Date(checkpoint.completeFromAt).toISOString()})${but}: what lies before was never seen, or is pruned`
  }
  const none = subject.tag === 'lsn' ? 'no change of a followed table committed there' : 'nothing of it'
  return `${none} in the journal, which is whole from ${from} to ${durable}${but}; an update that changes no kept column is not journaled`
}

function withoutMessage(outcome: ProtocolOutcome): ProtocolOutcome {
  return outcome.tag === 'failed' ? { ...outcome, message: '', stack: null } : outcome
}

const asPrinted = (change: ExplainedChange): ExplainedChange => ({
  ...printable(change),
  outcomes: change.outcomes.map((outcome) =>
    outcome.tag === 'failed' ? { ...printable(outcome), stack: framesOf(outcome.stack) } : printable(outcome),
  ),
})

/** A stack repeats the message, and has lines of its own. */
function framesOf(stack: string | null): string | null {
  const frames = (stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line))
  return frames.length === 0 ? null : printable(frames).join('\n')
}

/** The shape that `--json` prints, in an array. */
const asJson = (change: ExplainedChange) => ({
  lsn: change.lsn,
  ordinal: change.ordinal,
  committed_at: isoMicros(change.committedAt),
  model: change.model,
  operation: change.operation,
  fields: change.fields,
  without_old_image: change.withoutOldImage,
  old_row_from: change.oldRowFrom,
  appointment_external_id: change.appointmentExternalId,
  resolved_from: change.resolvedFrom,
  protocols: change.outcomes.map((outcome) => ({ protocol: outcome.protocol, decision: decision(outcome, change) })),
  deliveries: change.deliveries.map(({ attempts, ...delivery }) => ({
    webhook_id: delivery.webhookId,
    protocol: delivery.protocol,
    notification: delivery.notification,
    endpoint: delivery.endpoint,
    sequence: delivery.sequence,
    state: delivery.state,
    reason: delivery.reason,
    retry_at: delivery.retryAt === null ? null : new Date(delivery.retryAt).toISOString(),
    attempts: attempts.map(({ number, isReplay, startedAt, durationMs, status, error }) => ({
      attempt: number,
      replay: isReplay,
      sent_at: new Date(startedAt).toISOString(),
      duration_ms: Math.round(durationMs * 10) / 10,
      status,
      error,
    })),
  })),
})

function decision(outcome: ProtocolOutcome, { deliveries }: ExplainedChange): string {
  if (outcome.tag === 'failed') {
    const cause = { threw: 'it threw', timed_out: 'it took too long', suspended: 'it is suspended' }[outcome.cause]
    return `failed: ${cause}${outcome.message === '' ? '' : `: ${outcome.message}`}${outcome.stack === null ? '' : `\n${outcome.stack}`}`
  }
  const owed = deliveries.filter(({ protocol }) => protocol === outcome.protocol)
  if (owed.length > 0) return `notified: ${[...new Set(owed.map(({ notification }) => notification))].join(', ')}`
  return `nothing: ${outcome.reason ?? `it sent no notification (status ${outcome.status})`}`
}

/** What is to be known of the old values. */
function oldRow({ withoutOldImage, oldRowFrom, model, operation, outcomes }: ExplainedChange): string {
  if (!withoutOldImage) return ''
  const without = 'without the old row: REPLICA IDENTITY is not FULL'
  if (oldRowFrom === 'image') return ` (${without}; told from the last image in the journal)`
  const mayHaveNotified = outcomes.some((outcome) => outcome.tag !== 'failed' && outcome.reason === noOldImage)
  const isGap = operation === 'update' && (model === appointmentModel || mayHaveNotified)
  return ` (${without}${isGap ? ', and no image is in the journal: a gap of this row' : ''})`
}

function paragraph(change: ExplainedChange): string {
  const appointment =
    change.resolvedFrom === 'none'
      ? 'none: it belongs to no appointment'
      : `${change.appointmentExternalId ?? 'without an external id'} (from the ${change.resolvedFrom === 'image' ? 'latest image in the WAL' : change.resolvedFrom})`
  const rows = [
    `${pc.bold(change.lsn)}  ${isoMicros(change.committedAt)}  ${change.model} ${change.operation}, row ${change.ordinal} of its transaction`,
    `  changed      ${change.fields.join(', ') || '-'}${oldRow(change)}`,
    `  appointment  ${appointment}`,
    ...(change.outcomes.length === 0 ? ['  no protocol computes on this change type'] : []),
    ...change.outcomes.map((outcome) => `  ${outcome.protocol}  ${decision(outcome, change)}`),
    ...change.deliveries.flatMap(deliveryRows),
  ]
  return `${rows.join('\n')}\n`
}

function deliveryRows(delivery: ExplainedDelivery): string[] {
  const { state, retryAt, reason } = delivery
  const waits = retryAt === null ? '' : `, tried again at ${new Date(retryAt).toISOString()}`
  const why = reason === null ? '' : `: ${reason}`
  const paint = { delivered: pc.green, owed: pc.yellow, dead: pc.red, discarded: pc.dim }[state]
  return [
    `    ${delivery.webhookId}  ${delivery.notification} → ${delivery.endpoint} #${delivery.sequence ?? '-'}  ${paint(state)}${waits}${why}`,
    ...delivery.attempts.map(
      ({ number, isReplay, startedAt, durationMs, status, error }) =>
        `      ${isReplay ? 'replay, ' : ''}attempt ${number}  ${new Date(startedAt).toISOString()}  ${error ?? status} after ${Math.round(durationMs * 10) / 10} ms`,
    ),
  ]
}
