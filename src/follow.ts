// One connection's life: preflight, the slot judged against the journal, START_REPLICATION, the walk, and a watch over
// the server meanwhile. Returns when it was closed on purpose, throws what ended it otherwise.
import { GapError, NotReadyError, StreamError } from './base/errors.js'
import { Capture } from './capture/capture.js'
import type { Relation } from './capture/change-message.js'
import { CommitCheck } from './capture/commit-check.js'
import type { DatabaseAddress } from './capture/connection.js'
import { type Control, openControl } from './capture/control.js'
import { type Finding, readableTable } from './capture/finding.js'
import { formatLsn, type Lsn } from './capture/lsn.js'
import { preflight } from './capture/preflight.js'
import { ReplicationStream } from './capture/replication-stream.js'
import { goOn } from './capture/slot.js'
import { isOfIdentity, isOfShape } from './capture/tables.js'
import { FollowedTables } from './change/followed-tables.js'
import type { Model } from './change/model.js'
import { keyedModels } from './keyed-models.js'
import { type Walk, walk } from './pipeline.js'
import { drift } from './same-publication.js'
import { divergence, type StartOptions, type StartPosition, startPosition } from './start-position.js'
import { seePublication, Watch, type WatchOptions } from './watch.js'

export interface FollowOptions extends StartOptions, WatchOptions {
  readonly address: DatabaseAddress
  readonly models: ReadonlyMap<string, Model>
  /** Asks for no rows in the way of resolution: what cannot be asked is found now, and not at the first change. */
  readonly tryResolution: () => Promise<unknown>
  readonly resolve: Walk['resolve']
  readonly compute: Walk['compute']
  readonly appended: Walk['appended']
  readonly giveWay: Walk['giveWay']
  /** The stream is up. */
  readonly streaming: (capture: Capture) => void
  readonly signal: AbortSignal
}

/** A batch: small enough that sending goes on between two of them, large enough to share an fsync. */
const maxChanges = 500
const maxBytes = 4 * 1024 * 1024
const maxQueuedBytes = 2 * 1024 * 1024

/** Returns when `signal` ended it. @throws NotReadyError, GapError, StreamError or what pg throws; see `judge`. */
export async function follow(options: FollowOptions): Promise<void> {
  const lost = new AbortController()
  // The server says 57P01 on this connection when it stops; while the stream is not read there is no other sign.
  const control = openControl(options.address, (error) => lost.abort(error))
  try {
    await assertReady(control, options)
    await options.tryResolution()
    await using stream = await ReplicationStream.connect(options.address)
    lost.signal.addEventListener('abort', () => stream.destroy(asError(lost.signal.reason)))
    const seen = await seePublication(control, options)
    const position = await startPosition(control, stream, seen, options)
    const models = await keyedModels(control, options.models, options.tables, seen.tables)
    const followed = followedTables(seen.tables, { ...options, models })
    using watch = new Watch(control, options, seen, (error) => lost.abort(error))
    const streaming = (capture: Capture) => {
      options.streaming(capture)
      watch.lookAtWal()
      watch.lookAtTables()
    }
    await streamFrom(position, stream, followed, { ...options, streaming })
  } catch (error) {
    // Where another connection or the watch ended the stream, that is the reason and not what the stream says of it.
    const reason = lost.signal.aborted ? asError(lost.signal.reason) : error
    if (reason instanceof GapError) await options.journal.recordGap(reason.facts)
    throw reason
  } finally {
    await control.close()
  }
}

async function streamFrom(
  position: StartPosition,
  stream: ReplicationStream,
  followed: FollowedTables,
  options: FollowOptions,
): Promise<void> {
  const { from, until, lineage } = position
  const { slot, publication, journal, log, resolve, compute, appended, giveWay, signal } = options
  const isWanted = (relation: Relation) => followed.of(relation).tag !== 'stranger'
  const limits = { maxChanges, maxBytes, maxQueuedBytes }
  const capture = await Capture.start({ stream, slot, publication, from, isWanted, ...limits })
  const finish = () => capture.finish()
  signal.addEventListener('abort', finish)
  try {
    if (signal.aborted) return
    log.info({ slot, lsn: formatLsn(until), timeline: lineage.timeline }, 'streaming')
    options.streaming(capture)
    const check = new CommitCheck({ from, until, remembered: journal.known.remembered(from) })
    const diverged: Walk['diverged'] = (difference) => divergence(difference, position, options)
    const replaced: Walk['replaced'] = (relation, model, at) => replacedTable(relation, model, at, options)
    await walk({ lineage, check, diverged, capture, followed, replaced, journal, resolve, compute, appended, giveWay })
  } finally {
    signal.removeEventListener('abort', finish)
  }
}

function followedTables(current: ReadonlyMap<number, string>, { models, journal, log }: FollowOptions): FollowedTables {
  const renamed = (relation: Relation, { name: model }: Model) =>
    log.warn(
      { model, table: readableTable(relation) },
      'a followed table is called otherwise: its rows are told all the same',
    )
  return new FollowedTables({ models, current, known: journal.knownTables(), renamed })
}

function replacedTable(relation: Relation, { name: model }: Model, at: Lsn, options: FollowOptions): GapError {
  const reason = `${readableTable(relation)} is another table than was followed under this name: whether its rows are to be told, a person has to say`
  return new GapError({ ...drift(reason, at, options), table: { oid: relation.oid, model } }, goOn)
}

async function assertReady(control: Control, options: FollowOptions): Promise<void> {
  const { slot, publication, tables, journal } = options
  const findings = await preflight({ sql: control, slot, publication, tables })
  const hasFollowed = journal.checkpoint() !== null
  const isInTheWay = (finding: Finding) => finding.level === 'fail' && !(hasFollowed && isOfIdentity(finding))
  const failures = findings.filter(isInTheWay)
  if (failures.length === 0) return
  const found = failures.map((finding) => finding.found).join('; ')
  const remedy = failures.map((finding) => finding.remedy).join('\n               ')
  throw new NotReadyError(found, remedy, { mayPass: hasFollowed && failures.every(isOfShape) })
}

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new StreamError('ENDED', 'the stream was given up')
