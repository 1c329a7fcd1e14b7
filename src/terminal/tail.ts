// `notifyd tail`: the POSTs that were made, as their outcomes came into the journal; with `--follow` as they come.
import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import type { Disclosure, DisclosureFilter } from '../journal/disclosures.js'
import { fitted, terminalWidth } from './columns.js'
import { jsonText, printable } from './printable.js'
import { readJournal } from './read-journal.js'

export interface TailOptions {
  readonly journal: string
  readonly filter: DisclosureFilter
  /** The last so many; all from `filter.fromLsn` or `filter.since` on where one is given. */
  readonly count: number
  readonly follow: boolean
  readonly json: boolean
  readonly write: (text: string) => Promise<void>
  /** Ctrl-C, or nobody reads any more. */
  readonly signal: AbortSignal
}

const pageRows = 1_000
const lookEveryMs = 200

export function tail({ journal: path, filter, count, follow, json, write, signal }: TailOptions): Promise<void> {
  const show = (page: readonly Disclosure[]) =>
    write(
      page.map((one) => (json ? `${jsonText(asJson(one))}\n` : `${disclosureLine(one, terminalWidth())}\n`)).join(''),
    )
  return readJournal(path, async ({ disclosures }) => {
    // The newest is read first: what comes between the two reads is in the second, and the cursor goes behind both.
    let newest = await disclosures.newestId()
    let cursor = 0
    if ((filter.fromLsn ?? filter.since) === undefined) {
      const page = await disclosures.last(filter, count)
      await show(page)
      cursor = Math.max(newest, page.at(-1)?.id ?? 0)
    }
    while (!signal.aborted) {
      newest = await disclosures.newestId()
      const page = newest > cursor ? await disclosures.after(cursor, filter, pageRows) : []
      await show(page)
      const isFull = page.length === pageRows
      // What the filter leaves out is not read again at each look.
      cursor = Math.max(cursor, isFull ? 0 : newest, page.at(-1)?.id ?? 0)
      if (isFull) continue
      if (!follow) return
      await sleep(lookEveryMs, null, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
    }
  })
}

/** The shape that `--json` prints, a line each. */
export const asJson = (one: Disclosure) => ({
  sent_at: new Date(one.sentAt).toISOString(),
  lsn: one.lsn,
  notification: one.notification,
  endpoint: one.endpoint,
  sequence: one.sequence,
  webhook_id: one.webhookId,
  appointment_external_id: one.appointmentExternalId,
  attempt: one.attempt,
  replay: one.isReplay,
  outcome: one.outcome,
  status: one.status,
  error: one.error,
  duration_ms: tenths(one.durationMs),
  lag_ms: one.committedAt === null ? null : tenths(one.sentAt + one.durationMs - one.committedAt / 1000),
})

/** One line, as much of it as fits: what it was, to whom and how it ended first; ids and times where there is room. */
export function disclosureLine(one: Disclosure, width: number): string {
  const { sent_at, lsn, sequence, lag_ms, error, ...told } = printable(asJson(one))
  const failed = one.outcome === 'dead' ? pc.red : pc.yellow
  const isDelivered = one.outcome === 'delivered'
  const lag = lag_ms === null ? '' : `${lag_ms} ms after the commit`
  return fitted(
    [
      { text: `${sent_at.slice(0, 19)}Z`, rank: 0, paint: pc.dim },
      { text: lsn ?? '-', atLeast: 12, rank: 0 },
      { text: told.notification, atLeast: 11, rank: 0 },
      { text: `${told.endpoint} #${sequence ?? '-'}`, atLeast: 16, rank: 0 },
      {
        text: isDelivered
          ? String(told.status)
          : `${one.outcome === 'dead' ? 'dead' : `try ${one.attempt}`}: ${error ?? ''}`,
        atLeast: 3,
        rank: 0,
        paint: isDelivered ? pc.green : failed,
      },
      { text: one.attempt === 1 || !isDelivered ? '' : `attempt ${one.attempt}`, rank: 2 },
      { text: one.isReplay ? 'replay' : '', rank: 1 },
      { text: told.appointment_external_id ?? '-', atLeast: 36, rank: 3 },
      { text: told.webhook_id, rank: 4 },
      { text: one.isReplay ? '' : lag, rank: 5, paint: pc.dim },
    ],
    width,
  )
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10
