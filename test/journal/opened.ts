// A journal of its own for a test, something owed in it, and its file's neighbours. It goes with the test.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lsn } from '../../src/capture/lsn.js'
import type { ComputedChange } from '../../src/compute/computed-change.js'
import { Journal } from '../../src/journal/journal.js'
import { type ChangeParts, change, source } from '../compute/changes.js'
import { quickFolder } from '../support/quick-folder.js'

export const lsn = (value: number) => BigInt(value) as Lsn

export interface Opened extends AsyncDisposable {
  readonly journal: Journal
  readonly path: string
  readonly folder: string
}

/** With a slot made, and nothing followed. */
export async function openJournal(): Promise<Opened> {
  const folder = await quickFolder()
  const path = join(folder, 'journal.db')
  const journal = await Journal.open(path)
  await journal.recordSlotCreated({ slot: 's', source, consistentLsn: lsn(1) })
  return {
    journal,
    path,
    folder,
    [Symbol.asyncDispose]: async () => {
      journal.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** A change that owes `desk` one notification. */
export function owing({ body, ...parts }: ChangeParts & { readonly body?: string } = {}): ComputedChange {
  const resolved = change(parts)
  const { commitLsn, ordinal } = resolved
  const facts = { protocol: 'AppointmentNotification', endpoint: 'desk', url: null, notification: 'created' }
  const webhookId = `msg_${commitLsn}_${ordinal}`
  const headers = { 'content-type': 'application/json' }
  return {
    ...resolved,
    outcomes: [],
    notifications: [{ ...facts, webhookId, headers, body: body ?? `{"n":${ordinal}}` }],
  }
}

export const append = (journal: Journal, changes: readonly ComputedChange[], durableLsn: Lsn | null = null) =>
  journal.append({ source, changes, durableLsn, lastCommit: null })
