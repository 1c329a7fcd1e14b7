// `notifyd replay`: asks for a replay (or says what one would send), follows it to its end, and tells what came of it.
import { setTimeout as sleep } from 'node:timers/promises'
import { JournalError, UsageError } from '../base/errors.js'
import { formatLsn } from '../capture/lsn.js'
import { Journal } from '../journal/journal.js'
import { JournalLock } from '../journal/lock.js'
import type { ReplaySelection } from '../journal/replays.js'
import { ask } from './ask.js'

export interface ReplayOptions {
  readonly journal: string
  readonly selection: ReplaySelection
  readonly rate: number | null
  readonly json: boolean
  /** Runs what the journal has unfinished, in this process: for when no daemon runs. */
  runHere(journal: Journal): Promise<void>
  /** A line that shows how far it is. */
  progress(text: string): void
}

export interface Replayed {
  readonly text: string
  readonly isWhole: boolean
}

const lookEveryMs = 200

/** @throws UsageError for a range that the journal does not have. */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { journal: path, selection, rate } = options
  const answer = await ask(path, { kind: 'replay', arguments: { selection, rate } }, new Set())
  if ('error' in answer) throw new UsageError(answer.error)
  const lock = JournalLock.tryTake(path)
  const journal = await Journal.open(path)
  try {
    const running = lock === null ? null : options.runHere(journal)
    await followed(journal, answer.done, options)
    await running
    return told(journal, answer.done, options.json)
  } finally {
    journal.close()
    lock?.release()
  }
}

async function followed(journal: Journal, id: number, { progress }: ReplayOptions): Promise<void> {
  for (;;) {
    const now = journal.replay(id)
    if (now === null) throw new JournalError('the replay is not in the journal any more')
    progress(`${now.delivered + now.failures.length} of ${now.total}`)
    if (now.finished) return
    await sleep(lookEveryMs)
  }
}

function told(journal: Journal, id: number, json: boolean): Replayed {
  const done = journal.replay(id)
  if (done === null) throw new JournalError('the replay is not in the journal any more')
  const { delivered, failures, total } = done
  const isWhole = failures.length === 0
  if (json) return { text: `${JSON.stringify({ total, delivered, failures })}\n`, isWhole }
  const lines = failures.map(({ webhook_id, endpoint, error }) => `failed  ${webhook_id}  ${endpoint}  ${error}`)
  return { text: [`${delivered} of ${total} delivered again`, ...lines, ''].join('\n'), isWhole }
}

/** What would be sent; nothing is. @throws as `replay`. */
export async function dryRun(path: string, selection: ReplaySelection, json: boolean): Promise<string> {
  const journal = await Journal.open(path)
  try {
    const rows: string[] = []
    for (let afterId = 0; ; ) {
      const window = journal.loadReplayed(selection, afterId, 1000)
      for (const delivery of window) {
        const { webhookId: webhook_id, endpoint, notification, sequence, commitLsn } = delivery
        const lsn = commitLsn === null ? null : formatLsn(commitLsn)
        const facts = {
          lsn,
          webhook_id,
          endpoint,
          notification,
          sequence,
          appointment_external_id: delivery.appointmentExternalId,
        }
        rows.push(json ? JSON.stringify(facts) : Object.values(facts).join('  '))
      }
      const last = window.at(-1)
      if (last === undefined) break
      afterId = last.id
    }
    return json ? `[${rows.join(',')}]\n` : `${rows.map((row) => `${row}\n`).join('')}${rows.length} would be sent\n`
  } finally {
    journal.close()
  }
}
