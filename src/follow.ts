// One connection's life: preflight, the slot judged against the journal, START_REPLICATION, the walk, and a watch over
// the publication meanwhile. Returns when it was closed on purpose, throws what ended it otherwise.
import { GapError, NotReadyError, StreamError } from './base/errors.js'
import type { Log } from './base/log.js'
import { isoMicros } from './base/time.js'
import { Capture } from './capture/capture.js'
import type { Relation } from './capture/change-message.js'
import type { DatabaseAddress } from './capture/connection.js'
import { type Control, openControl } from './capture/control.js'
import type { WatchedTable } from './capture/finding.js'
import { formatLsn, type Lsn } from './capture/lsn.js'
import { preflight } from './capture/preflight.js'
import { inspectPublication } from './capture/publication.js'
import { ReplicationStream, type SystemIdentity } from './capture/replication-stream.js'
import { createSlot, judgeStart, readSlot } from './capture/slot.js'
import { type Model, tableKey } from './change/model.js'
import type { Source } from './compute/computed-change.js'
import type { Journal } from './journal/journal.js'
import { type Walk, walk } from './pipeline.js'

export interface FollowOptions {
  readonly address: DatabaseAddress
  readonly slot: string
  readonly publication: string
  readonly tables: readonly WatchedTable[]
  readonly models: ReadonlyMap<string, Model>
  readonly journal: Journal
  readonly log: Log
  readonly resolve: Walk['resolve']
  readonly compute: (changes: Parameters<Walk['compute']>[0], source: Source) => ReturnType<Walk['compute']>
  readonly appended: Walk['appended']
  /** The stream is up. */
  readonly streaming: (capture: Capture) => void
  readonly signal: AbortSignal
}

/** A batch: small enough that sending goes on between two of them, large enough to share an fsync. */
const maxChanges = 500
const maxBytes = 4 * 1024 * 1024
const maxQueuedBytes = 8 * 1024 * 1024
const publicationWatchMs = 10_000

/** Returns when `signal` ended it. @throws NotReadyError, GapError, StreamError or what pg throws; see `judge`. */
export async function follow(options: FollowOptions): Promise<void> {
  const lost = new AbortController()
  // The server says 57P01 on this connection when it stops; while the stream is not read there is no other sign.
  const control = openControl(options.address, (error) => lost.abort(error))
  try {
    await assertReady(control, options)
    await using stream = await ReplicationStream.connect(options.address)
    lost.signal.addEventListener('abort', () => stream.destroy(asError(lost.signal.reason)))
    const server = await stream.identify()
    const from = await startPosition(control, server, options)
    const { fingerprint } = await inspectPublication(control, options.publication, options.tables)
    using _watch = every(publicationWatchMs, () => {
      assertPublished(control, fingerprint, options).catch((error: unknown) => lost.abort(error))
    })
    await streamFrom(from, stream, server, options)
  } catch (error) {
    // Where another connection or the watch ended the stream, that is the reason and not what the stream says of it.
    throw lost.signal.aborted ? asError(lost.signal.reason) : error
  } finally {
    await control.close()
  }
}

async function streamFrom(
  from: Lsn,
  stream: ReplicationStream,
  server: SystemIdentity,
  options: FollowOptions,
): Promise<void> {
  const { slot, publication, models, journal, log, resolve, appended, signal } = options
  const isWanted = ({ schema, table }: Relation) => models.has(tableKey(schema, table))
  const limits = { maxChanges, maxBytes, maxQueuedBytes }
  const capture = await Capture.start({ stream, slot, publication, from, isWanted, ...limits })
  const finish = () => capture.finish()
  signal.addEventListener('abort', finish)
  try {
    if (signal.aborted) return
    log.info({ slot, lsn: formatLsn(from), timeline: server.timeline }, 'streaming')
    options.streaming(capture)
    const source = { systemIdentifier: server.systemIdentifier, timeline: server.timeline }
    const compute: Walk['compute'] = (changes) => options.compute(changes, source)
    await walk({ source, capture, models, journal, resolve, compute, appended })
  } finally {
    signal.removeEventListener('abort', finish)
  }
}

function every(ms: number, work: () => void): Disposable {
  const timer = setInterval(work, ms)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

async function assertReady(control: Control, options: FollowOptions): Promise<void> {
  const { slot, publication, tables } = options
  const findings = await preflight({ sql: control, slot, publication, tables })
  const failures = findings.filter((finding) => finding.level === 'fail')
  if (failures.length === 0) return
  const found = failures.map((finding) => finding.found).join('; ')
  throw new NotReadyError(found, failures.map((finding) => finding.remedy).join('\n               '))
}

/** Where to start; makes the slot on the very first start, noting the intent first (law 3). */
async function startPosition(control: Control, server: SystemIdentity, options: FollowOptions): Promise<Lsn> {
  const { journal, slot, log } = options
  const checkpoint = journal.checkpoint()
  const { rows } = await control.query<{ database: string }>('SELECT current_database()::text AS database')
  const start = judgeStart({
    slot,
    known: checkpoint && {
      ...checkpoint.source,
      durableLsn: checkpoint.durableLsn,
      lastCommitAt: checkpoint.lastCommittedAt === null ? null : isoMicros(checkpoint.lastCommittedAt),
    },
    intended: journal.slotIntent()?.slot === slot,
    found: await readSlot(control, slot),
    database: rows[0]?.database ?? '',
    server,
  })
  if (start.tag === 'resume') return start.from
  const source = { systemIdentifier: server.systemIdentifier, timeline: server.timeline }
  if (start.tag === 'create') {
    await journal.recordSlotIntent(slot)
    log.info({ slot }, 'making the slot; this waits for every transaction that is open on the server now')
  }
  const consistentLsn = start.tag === 'create' ? await createSlot(control, slot) : start.from
  await journal.recordSlotCreated({ slot, source, consistentLsn })
  log.info({ slot, lsn: formatLsn(consistentLsn) }, 'slot made: changes from here on notify')
  return consistentLsn
}

/** @throws GapError when the publication is not what it was when streaming began. */
async function assertPublished(control: Control, fingerprint: string, options: FollowOptions): Promise<void> {
  const { publication, tables, journal, slot } = options
  const now = await inspectPublication(control, publication, tables)
  if (now.fingerprint === fingerprint) return
  const checkpoint = journal.checkpoint()
  const reason = `publication "${publication}" changed while it was being followed: what was written meanwhile may be missing`
  const from = checkpoint === null ? 'unknown' : formatLsn(checkpoint.durableLsn)
  const at = checkpoint?.lastCommittedAt ?? null
  throw new GapError(
    { slot, reason, from, to: 'unknown', lastCommitAt: at === null ? null : isoMicros(at) },
    'run notifyd check and mend the publication; then start again',
  )
}

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new StreamError('ENDED', 'the stream was given up')
