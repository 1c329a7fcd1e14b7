// Where one connection begins to stream: at the journal's durable LSN, at the new slot of the very first start, or behind a
// gap that an operator has accepted. Owns law 3: the slot is never made anew or adopted silently.
import { GapError, type GapFacts } from './base/errors.js'
import type { Log } from './base/log.js'
import { isoMicros } from './base/time.js'
import type { Divergence } from './capture/commit-check.js'
import type { Sql } from './capture/finding.js'
import type { History } from './capture/history.js'
import { formatLsn, type Lsn, maxLsn } from './capture/lsn.js'
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
import { type Lineage, nextName, reachedAt } from './journal/lineage.js'

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
  /** The journal's end, at `from` or behind it: what comes below it is in the journal. */
  readonly until: Lsn
  readonly lineage: Lineage
}

/** The server as its replication connection tells it. */
type Server = SystemIdentity & History

/** @throws GapError, recorded in the journal; NotReadyError for a slot of another kind; what pg throws. */
export async function startPosition(
  sql: Sql,
  stream: ReplicationStream,
  fingerprint: string,
  options: StartOptions,
): Promise<StartPosition> {
  const { journal, slot } = options
  const identity = await stream.identify()
  const server = { ...identity, left: await stream.history(identity.timeline) }
  const found = await readSlot(sql, slot)
  const accepted = journal.acceptedGap()
  if (accepted?.kind === 'another history') {
    // It was found in the stream, and would be found there again.
    const position = await behind(accepted, sql, server, found, options)
    await journal.recordPublication(fingerprint)
    return position
  }
  try {
    const position = await judged(sql, server, found, options)
    assertSamePublication(fingerprint, options)
    await journal.withdrawGaps()
    await journal.recordPublication(fingerprint)
    return position
  } catch (error) {
    if (!(error instanceof GapError)) throw error
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
  server: Server,
  found: SlotFacts | null,
  { journal, slot, log }: StartOptions,
): Promise<StartPosition> {
  const checkpoint = journal.checkpoint()
  const { rows } = await sql.query<{ database: string }>('SELECT current_database()::text AS database')
  const known = checkpoint && knownPosition(checkpoint)
  const start = judgeStart({
    slot,
    known,
    intended: journal.slotIntent()?.slot === slot,
    found,
    database: rows[0]?.database ?? '',
    server,
    left: server.left,
  })
  const lineage = lineageOf(server, checkpoint?.source.systemIdentifier)
  if (start.tag === 'resume') {
    if (start.promoted) log.warn({ slot, timeline: server.timeline }, 'the server was promoted; nothing is missing')
    return { from: start.from, until: start.until, lineage }
  }
  return begin(start, sql, lineage, { journal, slot, log })
}

const lineageOf = ({ systemIdentifier, timeline, left }: Server, name = systemIdentifier): Lineage => ({
  systemIdentifier: name,
  timeline,
  left,
})

type BeginOptions = Pick<StartOptions, 'journal' | 'slot' | 'log'>

/** Makes the slot (or adopts what the noted intent has made), noting the intent first. */
async function begin(
  start: Exclude<Start, { tag: 'resume' }>,
  sql: Sql,
  lineage: Lineage,
  { journal, slot, log }: BeginOptions,
): Promise<StartPosition> {
  if (start.tag === 'create') {
    await journal.recordSlotIntent(slot)
    log.info({ slot }, 'making the slot; this waits for every transaction that is open on the server now')
  }
  const from = start.tag === 'create' ? await createSlot(sql, slot) : start.from
  await journal.recordSlotCreated({ slot, consistentLsn: from, ...reachedAt(lineage, from) })
  log.info({ slot, lsn: formatLsn(from) }, 'slot made: changes from here on notify')
  return { from, until: from, lineage }
}

/** The operator has accepted the gap: at what the slot still has, else with a new slot. */
async function behind(
  gap: Gap,
  sql: Sql,
  server: Server,
  found: SlotFacts | null,
  options: StartOptions,
): Promise<StartPosition> {
  const { journal, slot, log, gapNotices } = options
  const checkpoint = journal.checkpoint()
  if (gap.kind === 'publication changed' && checkpoint !== null) {
    await journal.resumeBehind(gap, checkpoint.durableLsn, null, gapNotices)
    log.warn({ slot, kind: gap.kind }, 'going on behind an accepted gap')
    const from = checkpoint.durableLsn
    return { from, until: from, lineage: lineageOf(server, checkpoint.source.systemIdentifier) }
  }
  const lineage = lineageOf(server, nextHistory(gap, server, checkpoint?.source))
  const at = found !== null && isUsable(found) ? found.confirmedFlush : null
  const position = at === null ? await made(found, sql, lineage, options) : { from: at, until: at, lineage }
  await journal.resumeBehind(gap, position.from, reachedAt(lineage, position.from), gapNotices)
  log.warn({ slot, kind: gap.kind, lsn: formatLsn(position.from) }, 'going on behind an accepted gap')
  return position
}

async function made(
  found: SlotFacts | null,
  sql: Sql,
  lineage: Lineage,
  options: StartOptions,
): Promise<StartPosition> {
  if (found !== null) await dropSlot(sql, options.slot)
  return begin({ tag: 'create' }, sql, lineage, options)
}

/** A server that was set back gives its LSNs again: its later history needs a name of its own. */
function nextHistory({ kind }: Gap, server: Server, known: Source | undefined): string {
  const isSame = known !== undefined && clusterOf(known) === server.systemIdentifier
  if (!isSame) return server.systemIdentifier
  const givesAgain = kind === 'server is behind' || kind === 'another timeline' || kind === 'another history'
  return givesAgain ? nextName(known.systemIdentifier) : known.systemIdentifier
}

/** Recorded where the stream finds that the server's history is another than the journal's. */
export async function recordDivergence(
  { tag, commit, good }: Divergence,
  { until }: StartPosition,
  { journal, slot }: Pick<StartOptions, 'journal' | 'slot'>,
): Promise<GapError> {
  const at = `${formatLsn(commit.lsn)} (${isoMicros(commit.at)})`
  const what = tag === 'unknown' ? 'has a commit that the journal never saw' : 'lacks a commit that the journal saw'
  const to = maxLsn(until, commit.lsn)
  const last = journal.checkpoint()?.lastCommittedAt ?? null
  const facts: GapFacts = {
    kind: 'another history',
    slot,
    reason: `the server ${what}, at ${at}: its data were put back from a copy`,
    from: formatLsn(good),
    to: formatLsn(to),
    bytes: Number(to - good),
    lastCommitAt: last === null ? null : isoMicros(last),
  }
  await journal.recordGap(facts)
  return new GapError(facts, goOn)
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
