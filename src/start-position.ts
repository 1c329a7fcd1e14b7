// Where one connection begins to stream: at the journal's durable LSN, at the new slot of the very first start, or behind a
// gap that an operator has accepted. Owns law 3: the slot is never made anew or adopted silently.
import { GapError, type GapFacts } from './base/errors.js'
import type { Log } from './base/log.js'
import { isoMicros } from './base/time.js'
import type { Sql } from './capture/finding.js'
import { formatLsn, type Lsn } from './capture/lsn.js'
import { isSamePublication } from './capture/publication.js'
import type { ReplicationStream, SystemIdentity } from './capture/replication-stream.js'
import {
  createSlot,
  dropSlot,
  goOn,
  isUsable,
  judgeStart,
  readSlot,
  type SlotFacts,
  type Start,
} from './capture/slot.js'
import type { Source } from './compute/computed-change.js'
import { clusterOf, knownPosition } from './journal/checkpoint.js'
import type { Gap } from './journal/gaps.js'
import type { Journal } from './journal/journal.js'

export interface StartOptions {
  readonly slot: string
  readonly publication: string
  readonly journal: Journal
  readonly log: Log
  /** Endpoints that are owed a notice of an accepted gap. */
  readonly gapNotices: readonly string[]
}

export interface StartPosition {
  readonly from: Lsn
  readonly source: Source
}

/** @throws GapError, recorded in the journal; NotReadyError for a slot of another kind; what pg throws. */
export async function startPosition(
  sql: Sql,
  stream: ReplicationStream,
  fingerprint: string,
  options: StartOptions,
): Promise<StartPosition> {
  const { journal, slot } = options
  const server = await stream.identify()
  const found = await readSlot(sql, slot)
  try {
    const position = await judged(sql, stream, server, found, options)
    assertSamePublication(fingerprint, options)
    await journal.withdrawGaps()
    await journal.recordPublication(fingerprint)
    return position
  } catch (error) {
    if (!(error instanceof GapError)) throw error
    const accepted = journal.acceptedGap()
    if (accepted?.kind === error.facts.kind) {
      const position = await behind(accepted, sql, server, found, options)
      await journal.recordPublication(fingerprint)
      return position
    }
    await journal.recordGap(error.facts)
    throw error
  }
}

async function judged(
  sql: Sql,
  stream: ReplicationStream,
  server: SystemIdentity,
  found: SlotFacts | null,
  { journal, slot, log }: StartOptions,
): Promise<StartPosition> {
  const checkpoint = journal.checkpoint()
  const { rows } = await sql.query<{ database: string }>('SELECT current_database()::text AS database')
  const known = checkpoint && knownPosition(checkpoint)
  const isPromoted = known !== null && known.timeline < server.timeline
  const start = judgeStart({
    slot,
    known,
    intended: journal.slotIntent()?.slot === slot,
    found,
    database: rows[0]?.database ?? '',
    server,
    history: isPromoted ? await stream.history(server.timeline) : [],
  })
  const source = {
    systemIdentifier: checkpoint?.source.systemIdentifier ?? server.systemIdentifier,
    timeline: server.timeline,
  }
  if (start.tag === 'resume') {
    if (start.promoted) log.warn({ slot, timeline: server.timeline }, 'the server was promoted; nothing is missing')
    return { from: start.from, source }
  }
  return begin(start, sql, source, { journal, slot, log })
}

type BeginOptions = Pick<StartOptions, 'journal' | 'slot' | 'log'>

/** Makes the slot (or adopts what the noted intent has made), noting the intent first. */
async function begin(
  start: Exclude<Start, { tag: 'resume' }>,
  sql: Sql,
  source: Source,
  { journal, slot, log }: BeginOptions,
): Promise<StartPosition> {
  if (start.tag === 'create') {
    await journal.recordSlotIntent(slot)
    log.info({ slot }, 'making the slot; this waits for every transaction that is open on the server now')
  }
  const from = start.tag === 'create' ? await createSlot(sql, slot) : start.from
  await journal.recordSlotCreated({ slot, source, consistentLsn: from })
  log.info({ slot, lsn: formatLsn(from) }, 'slot made: changes from here on notify')
  return { from, source }
}

/** The operator has accepted the gap: at what the slot still has, else with a new slot. */
async function behind(
  gap: Gap,
  sql: Sql,
  server: SystemIdentity,
  found: SlotFacts | null,
  options: StartOptions,
): Promise<StartPosition> {
  const { journal, slot, log, gapNotices } = options
  const checkpoint = journal.checkpoint()
  if (gap.kind === 'publication changed' && checkpoint !== null) {
    await journal.resumeBehind(gap, checkpoint.durableLsn, null, gapNotices)
    log.warn({ slot, kind: gap.kind }, 'going on behind an accepted gap')
    return { from: checkpoint.durableLsn, source: { ...checkpoint.source, timeline: server.timeline } }
  }
  const source = { systemIdentifier: nextHistory(gap, server, checkpoint?.source), timeline: server.timeline }
  const position =
    found !== null && isUsable(found) && found.confirmedFlush !== null
      ? { from: found.confirmedFlush, source }
      : await made(found, sql, source, options)
  await journal.resumeBehind(gap, position.from, { source }, gapNotices)
  log.warn({ slot, kind: gap.kind, lsn: formatLsn(position.from) }, 'going on behind an accepted gap')
  return position
}

async function made(found: SlotFacts | null, sql: Sql, source: Source, options: StartOptions): Promise<StartPosition> {
  if (found !== null) await dropSlot(sql, options.slot)
  return begin({ tag: 'create' }, sql, source, options)
}

/** A server that was set back without a new timeline gives its LSNs again: its later history needs a name of its own. */
function nextHistory(gap: Gap, server: SystemIdentity, known: Source | undefined): string {
  const isSame = known !== undefined && clusterOf(known) === server.systemIdentifier
  if (!isSame) return server.systemIdentifier
  if (gap.kind !== 'server is behind' || known.timeline !== server.timeline) return known.systemIdentifier
  const [cluster, restored = '0'] = known.systemIdentifier.split('+')
  return `${cluster}+${Number(restored) + 1}`
}

/** @throws GapError when the publication is not what it was when it was last seen to be right. */
export function assertSamePublication(fingerprint: string, { journal, slot, publication }: StartOptions): void {
  const checkpoint = journal.checkpoint()
  if (checkpoint === null || checkpoint.publication === null) return
  if (isSamePublication(checkpoint.publication, fingerprint)) return
  const at = checkpoint.lastCommittedAt
  const facts: GapFacts = {
    kind: 'publication changed',
    slot,
    reason: `publication "${publication}" is not what it was when it was last looked at: what was written meanwhile may be missing`,
    from: formatLsn(checkpoint.durableLsn),
    to: 'unknown',
    bytes: null,
    lastCommitAt: at === null ? null : isoMicros(at),
  }
  throw new GapError(facts, goOn)
}
