// `notifyd tail`: the POSTs that were made, as their outcomes came into the journal; with `--follow` as they come.
import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import type { Disclosure, DisclosureFilter } from '../journal/disclosures.js'
import { readJournal } from './read-journal.js'

export interface TailOptions {
  readonly journal: string
  readonly filter: DisclosureFilter
  /** The last so many; all from `filter.fromLsn` on where that is given. */
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
    write(page.map((one) => (json ? `${JSON.stringify(asJson(one))}\n` : line(one))).join(''))
  return readJournal(path, async ({ disclosures }) => {
    // The newest is read first: what comes between the two reads is in the second, and the cursor goes behind both.
    let newest = await disclosures.newestId()
    let cursor = 0
    if (filter.fromLsn === undefined) {
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

function line(one: Disclosure): string {
  const { sent_at, lsn, sequence, lag_ms } = asJson(one)
  const failed = one.outcome === 'dead' ? pc.red : pc.yellow
  const result = one.outcome === 'delivered' ? pc.green(String(one.status)) : failed(`${one.error} (${one.outcome})`)
  const columns = [
    pc.dim(sent_at),
    (lsn ?? '-').padEnd(12),
    one.notification.padEnd(12),
    `${one.endpoint} #${sequence ?? '-'}`.padEnd(18),
    one.webhookId,
    one.appointmentExternalId ?? '-',
    result,
    one.attempt === 1 ? '' : `attempt ${one.attempt}`,
    one.isReplay ? 'replay' : lag_ms === null ? '' : pc.dim(`${lag_ms} ms after the commit`),
  ]
  return `${columns.filter((column) => column !== '').join('  ')}\n`
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10
