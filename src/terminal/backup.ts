// `notifyd backup`: a copy of the journal, and what it is worth: up to where it holds everything.
import { formatLsn } from '../capture/lsn.js'
import { backupJournal } from '../journal/backup.js'
import { jsonText } from './printable.js'
import { readJournal } from './read-journal.js'

export interface BackupOptions {
  readonly journal: string
  readonly file: string
  readonly json: boolean
}

/** @throws JournalError where the journal is none of this version, or the copy cannot be written */
export async function backup({ journal, file, json }: BackupOptions): Promise<string> {
  // Of another version it would not be a journal that this one can be given again.
  await readJournal(journal, () => undefined)
  const started = performance.now()
  const bytes = backupJournal(journal, file)
  const duration_ms = Math.round(performance.now() - started)
  const checkpoint = await readJournal(file, (copy) => copy.checkpoint())
  const durable_lsn = checkpoint === null ? null : formatLsn(checkpoint.durableLsn)
  if (json) return `${jsonText({ file, bytes, durable_lsn, duration_ms })}\n`
  const holds = durable_lsn === null ? 'it has followed nothing yet' : `it holds everything before ${durable_lsn}`
  return `${file}: ${(bytes / 1_000_000).toFixed(1)} MB in ${(duration_ms / 1_000).toFixed(1)} s; ${holds}\n`
}
