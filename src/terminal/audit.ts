// `notifyd audit`: the disclosure log of a period as CSV (RFC 4180): what was sent to which endpoint, when, under which id.
import { stringify } from 'csv-stringify/sync'
import { momentOf } from './moment.js'
import { jsonText, printable } from './printable.js'
import { readJournal } from './read-journal.js'
import { asJson } from './tail.js'

export interface AuditOptions {
  readonly journal: string
  /** ISO 8601; a date alone is its midnight, UTC. `to` itself is not included. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly json: boolean
  readonly write: (text: string) => Promise<void>
}

const pageRows = 1_000
const columns = [
  'sent_at',
  'endpoint',
  'notification',
  'webhook_id',
  'appointment_external_id',
  'sequence',
  'lsn',
  'attempt',
  'replay',
  'outcome',
  'status',
  'error',
] as const

/** @throws UsageError for a time that is none. */
export async function audit({ journal: path, from, to, json, write }: AuditOptions): Promise<void> {
  const since = from === undefined ? undefined : momentOf('--from', from)
  const until = to === undefined ? undefined : momentOf('--to', to)
  const filter = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) }
  await readJournal(path, async ({ disclosures }) => {
    if (!json) await write(stringify([columns]))
    for (let cursor = 0; ; ) {
      const page = await disclosures.after(cursor, filter, pageRows)
      const rows = page.map(asJson)
      if (json) await write(rows.map((row) => `${jsonText(row)}\n`).join(''))
      // A spreadsheet takes a text that begins with = for a formula.
      else
        await write(
          stringify(printable(rows), { columns: [...columns], escape_formulas: true, cast: { boolean: String } }),
        )
      const last = page.at(-1)
      if (last === undefined || page.length < pageRows) return
      cursor = last.id
    }
  })
}
