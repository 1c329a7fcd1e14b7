// `notifyd dead-letters list|retry|discard`: what the operator sees of them, and what they may do with them.
import { UsageError } from '../base/errors.js'
import type { DeadLetter, DeadLetterSelection } from '../journal/dead-letters.js'
import { ask } from './ask.js'
import { counted } from './counted.js'
import { momentOf } from './moment.js'
import { jsonText, printable } from './printable.js'
import { readJournal } from './read-journal.js'

export interface SelectionOptions {
  readonly webhookId: string | undefined
  readonly endpoint: string | undefined
  /** ISO 8601. */
  readonly before: string | undefined
  readonly all: boolean
}

export interface Target {
  readonly journal: string
  /** Names of the configured endpoints. */
  readonly configured: ReadonlySet<string>
  readonly json: boolean
}

/** @throws UsageError when nothing is selected. */
export function selectionOf({ webhookId, endpoint, before, all }: SelectionOptions): DeadLetterSelection {
  const beforeMs = before === undefined ? undefined : momentOf('--before', before)
  const selection = {
    ...(webhookId !== undefined && { webhookId }),
    ...(endpoint !== undefined && { endpoint }),
    ...(beforeMs !== undefined && { before: beforeMs }),
  }
  if (Object.keys(selection).length === 0 && !all) {
    throw new UsageError('name a webhook id, --endpoint, --before, or --all of them')
  }
  return selection
}

export async function listDeadLetters({ journal: path, json }: Target, selection: DeadLetterSelection, limit: number) {
  const found = await readJournal(path, (journal) => journal.deadLetters(selection, limit))
  if (json) return `${jsonText(found)}\n`
  return found.length === 0 ? 'no dead letters\n' : `${printable(found).map(row).join('\n')}\n`
}

const row = (letter: DeadLetter): string =>
  [
    letter.died_at,
    letter.webhook_id,
    letter.endpoint.padEnd(16),
    letter.notification.padEnd(12),
    `#${letter.sequence ?? '-'}`.padEnd(7),
    (letter.lsn ?? '-').padEnd(12),
    letter.appointment_external_id ?? '-',
    `${counted(letter.attempts, 'attempt')}, ${letter.error ?? 'no error'}`,
  ].join('  ')

export const retryDeadLetters = (target: Target, selection: DeadLetterSelection): Promise<string> =>
  changed(target, { kind: 'dead-letters retry', arguments: selection }, 'owed again')

/** `owedToo`: also what is still owed, to an endpoint that left the config. */
export const discardDeadLetters = (
  target: Target,
  selection: DeadLetterSelection,
  reason: string,
  owedToo: boolean,
): Promise<string> =>
  changed(target, { kind: 'dead-letters discard', arguments: { ...selection, reason, owedToo } }, 'discarded')

async function changed(target: Target, request: Parameters<typeof ask>[1], what: string): Promise<string> {
  const answer = await ask(target.journal, request, target.configured)
  if ('error' in answer) throw new UsageError(answer.error)
  return target.json ? `${jsonText(answer)}\n` : `${answer.done} ${what}\n`
}
