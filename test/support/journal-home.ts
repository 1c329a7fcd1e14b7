// A home whose journal was written without a database: what commands that only look, or are refused, are tried on.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Lsn } from '../../src/capture/lsn.js'
import type { ComputedChange, ProtocolOutcome } from '../../src/compute/computed-change.js'
import { webhookId } from '../../src/compute/webhook-id.js'
import { Journal } from '../../src/journal/journal.js'
import { LastLine } from '../../src/last-line.js'
import { carryOut } from '../../src/main.js'
import { type DaemonHome, makeHome } from '../../testbed/daemon.js'
import { type ChangeParts, change, source } from '../compute/changes.js'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface Owes {
  readonly endpoint: string
  readonly notification?: string
  readonly url?: string
}

export interface JournaledParts extends ChangeParts {
  readonly owes?: readonly Owes[]
  readonly protocol?: string
  readonly outcomes?: readonly ProtocolOutcome[]
  /** Unix microseconds. */
  readonly committedAt?: number
}

/** A change as the pipeline hands it to the journal. */
export function journaled({
  owes = [],
  outcomes = [],
  committedAt,
  protocol,
  ...parts
}: JournaledParts): ComputedChange {
  const resolved = change(parts)
  const { commitLsn, ordinal } = resolved
  const by = protocol ?? 'AppointmentNotification'
  const notifications = owes.map(({ endpoint, url = null, notification = 'created' }) => ({
    webhookId: webhookId({ source, commitLsn, ordinal, protocol: by, endpoint, index: 0, generation: 0 }),
    protocol: by,
    endpoint,
    url,
    notification,
    headers: {},
    body: '{}',
  }))
  return { ...resolved, ...(committedAt !== undefined && { committedAt }), outcomes, notifications }
}

export interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
}

export interface JournalHome extends DaemonHome {
  /** Its journal, which is closed afterwards. */
  write<T>(work: (journal: Journal) => Promise<T>): Promise<T>
  /** `notifyd ARGS` to its end. */
  notifyd(...args: string[]): Promise<Ran>
  /** The same within this process, one at a time: a third of a second less each. */
  here(...args: string[]): Promise<Ran>
}

/** With a journal whole from LSN 0/1 on that has these changes, and is durable behind the last of them. */
export async function openJournalHome(
  config: Readonly<Record<string, unknown>>,
  changes: readonly ComputedChange[],
): Promise<JournalHome> {
  const home = await makeHome(config)
  const write: JournalHome['write'] = async (work) => {
    const journal = await Journal.open(home.journalFile)
    try {
      return await work(journal)
    } finally {
      journal.close()
    }
  }
  await write(async (journal) => {
    await journal.recordSlotCreated({ slot: 'notifyd', source, consistentLsn: 1n as Lsn })
    const last = changes.at(-1)
    const durableLsn = ((last?.commitLsn ?? 0n) + 0x100n) as Lsn
    await journal.append({ source, changes, durableLsn, lastCommit: null })
  })
  const notifyd: JournalHome['notifyd'] = async (...args) => {
    const env = { PATH: process.env['PATH'] ?? '' }
    const child = spawn(process.execPath, [cli, ...args], { cwd: home.path, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { status: status as number, out, err }
  }
  const here: JournalHome['here'] = (...args) => inProcess([...args, '--config', home.configFile])
  return { ...home, write, notifyd, here, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() }
}

async function inProcess(args: readonly string[]): Promise<Ran> {
  const said = { out: '', err: '' }
  const { stdout, stderr } = process
  const writers = { out: stdout.write, err: stderr.write }
  const taking = (where: 'out' | 'err') => (text: string | Uint8Array, done?: unknown) => {
    said[where] += String(text)
    if (typeof done === 'function') done()
    return true
  }
  stdout.write = taking('out')
  stderr.write = taking('err')
  try {
    const status = await carryOut(args, null, new LastLine(args))
    return { status, ...said }
  } finally {
    stdout.write = writers.out
    stderr.write = writers.err
  }
}
