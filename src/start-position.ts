// Where one connection begins to stream: at the journal's durable LSN, at the new slot of the very first start, or behind a
// gap that an operator has accepted. Owns law 3: the slot is never made anew or adopted silently.
import { errorCode, GapError, type GapKind } from './base/errors.js'
import type { Log } from './base/log.js'
import { isoMicros } from './base/time.js'
import type { Divergence } from './capture/commit-check.js'
import type { Sql } from './capture/finding.js'
import { gapRange } from './capture/gap-range.js'
import { holderText, slotHolders } from './capture/hindrances.js'
import type { History } from './capture/history.js'
import { formatLsn, type Lsn, maxLsn } from './capture/lsn.js'
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
import { logGrown } from './grown-gap.js'
import { clusterOf, knownPosition } from './journal/checkpoint.js'
import type { SeenPublication } from './journal/followed-table.js'
import type { Journal } from './journal/journal.js'
import { type Lineage, nextName, reachedAt } from './journal/lineage.js'
import { assertSamePublication, withWhatIsAway } from './same-publication.js'

export interface StartOptions {
  readonly slot: string
  readonly publication: string
  readonly journal: Journal
  readonly log: Log
  /** Endpoints that are owed a notice of an accepted gap. */
  readonly gapNotices: readonly string[]
  /** The slot is made as a failover slot, where the server knows them. */
  readonly failover?: boolean
}

export interface StartPosition {
  readonly from: Lsn
  /** The journal's end, at `from` or behind it: what comes below it is in the journal. */
  readonly until: Lsn
  readonly lineage: Lineage
}

/** The server as its replication connection tells it. */
type Server = SystemIdentity & History

/** @throws GapError; NotReadyError for a slot of another kind; what pg throws. */
export async function startPosition(
  sql: Sql,
  stream: ReplicationStream,
  publication: SeenPublication,
  options: StartOptions,
): Promise<StartPosition> {
  const { journal, slot } = options
  const identity = await stream.identify()
  const server = { ...identity, left: await stream.history(identity.timeline) }
  const found = await readSlot(sql, slot)
  const judged = await judge(sql, server, found, publication, options)
  const open = journal.openGap()
  if (open !== null) throw new GapError(open, goOn)
  const position =
    judged.tag === 'gap'
      ? await behind(judged.gap.facts.kind, sql, server, found, options)
      : wasFoundInStream(journal)
        ? await behind('another history', sql, server, found, options)
        : await from(judged.start, sql, judged.lineage, options)
  await journal.recordPublication(withWhatIsAway(publication, options))
  return position
}

/** An accepted gap that the slot does not show, and the stream would find again. */
const wasFoundInStream = (journal: Journal): boolean =>
  journal.acceptedGaps().some(({ kind }) => kind === 'another history')

interface Judged {
  readonly start: Start
  readonly lineage: Lineage
}

/** A gap that no operator has accepted is in the journal from now on. */
async function judge(
  sql: Sql,
  server: Server,
  found: SlotFacts | null,
  publication: SeenPublication,
  options: StartOptions,
): Promise<({ readonly tag: 'start' } & Judged) | { readonly tag: 'gap'; readonly gap: GapError }> {
  const { journal } = options
  try {
    const judged = await judgedStart(sql, server, found, options)
    assertSamePublication(publication.fingerprint, server.walEnd, options)
    return { tag: 'start', ...judged }
  } catch (error) {
    if (!(error instanceof GapError)) throw error
    const accepted = journal.acceptedGaps().find(({ kind }) => kind === error.facts.kind)
    if (accepted === undefined) await journal.recordGap(error.facts)
    else logGrown(accepted, error.facts, options.log)
    return { tag: 'gap', gap: error }
  }
}

async function judgedStart(
  sql: Sql,
  server: Server,
  found: SlotFacts | null,
  { journal, slot }: StartOptions,
): Promise<Judged> {
  const checkpoint = journal.checkpoint()
  const { rows } = await sql.query<{ database: string }>('SELECT current_database()::text AS database')
  const start = judgeStart({
    slot,
    known: checkpoint && knownPosition(checkpoint),
    intended: journal.slotIntent()?.slot === slot,
    found,
    database: rows[0]?.database ?? '',
    server,
    left: server.left,
  })
  return { start, lineage: lineageOf(server, checkpoint?.source.systemIdentifier) }
}

/** Where nothing is missing, or an operator has accepted a gap whose cause is undone. */
async function from(start: Start, sql: Sql, lineage: Lineage, options: StartOptions): Promise<StartPosition> {
  const { journal, slot, log, gapNotices } = options
  const position =
    start.tag === 'resume'
      ? { from: start.from, until: start.until, lineage }
      : await begin(start, sql, lineage, options)
  if (start.tag === 'resume' && start.promoted)
    log.warn({ slot, timeline: lineage.timeline }, 'the server was promoted; nothing is missing')
  if (journal.acceptedGaps().length > 0) {
    await journal.goOnBehindGaps(null, { lsn: position.until, reached: null }, gapNotices)
    log.warn({ slot, lsn: formatLsn(position.until) }, 'going on behind an accepted gap')
  }
  return position
}

const lineageOf = ({ systemIdentifier, timeline, left }: Server, name = systemIdentifier): Lineage => ({
  systemIdentifier: name,
  timeline,
  left,
})

type BeginOptions = Pick<StartOptions, 'journal' | 'slot' | 'log' | 'failover'>

/** Makes the slot (or adopts what the noted intent has made), noting the intent first. */
async function begin(
  start: Exclude<Start, { tag: 'resume' }>,
  sql: Sql,
  lineage: Lineage,
  { journal, slot, log, failover }: BeginOptions,
): Promise<StartPosition> {
  if (start.tag === 'create') {
    await journal.recordSlotIntent(slot)
    log.info({ slot }, 'making the slot; this waits for every transaction that is open on the server now')
  }
  const from = start.tag === 'create' ? await created(sql, { slot, log, failover: failover === true }) : start.from
  await journal.recordSlotCreated({ slot, consistentLsn: from, ...reachedAt(lineage, from) })
  log.info({ slot, lsn: formatLsn(from) }, 'slot made: changes from here on notify')
  return { from, until: from, lineage }
}

/** @throws SQLSTATE 55P03 when open transactions held it up for too long: the log names them. */
async function created(
  sql: Sql,
  { slot, log, failover }: Pick<StartOptions, 'slot' | 'log'> & { readonly failover: boolean },
): Promise<Lsn> {
  try {
    return await createSlot(sql, slot, failover)
  } catch (error) {
    if (errorCode(error) === '55P03') {
      const holders = (await slotHolders(sql)).map(holderText)
      log.warn({ slot, holders }, 'making the slot waits for these transactions, prepared ones too; trying again')
    }
    throw error
  }
}

/** The operator has accepted the gap: at what the slot still has, else with a new slot. */
async function behind(
  kind: GapKind,
  sql: Sql,
  server: Server,
  found: SlotFacts | null,
  options: StartOptions,
): Promise<StartPosition> {
  const { journal, slot, log, gapNotices } = options
  const checkpoint = journal.checkpoint()
  if (kind === 'publication changed' && checkpoint !== null) {
    const until = checkpoint.durableLsn
    // Until now: the publication is right again only since preflight has looked.
    await journal.goOnBehindGaps(server.walEnd, { lsn: until, reached: null }, gapNotices)
    log.warn({ slot, kind }, 'going on behind an accepted gap')
    const lineage = lineageOf(server, checkpoint.source.systemIdentifier)
    return { from: found?.confirmedFlush ?? until, until, lineage }
  }
  const lineage = lineageOf(server, nextHistory(kind, server, checkpoint?.source))
  const at = found !== null && isUsable(found) ? found.confirmedFlush : null
  const position = at === null ? await made(found, sql, lineage, options) : { from: at, until: at, lineage }
  const reached = reachedAt(lineage, position.from)
  // What the stream found ends where it was found to end: everything that the slot gives is told, also what lies before that.
  const end = kind === 'another history' && at !== null ? null : position.from
  await journal.goOnBehindGaps(end, { lsn: position.from, reached }, gapNotices)
  log.warn({ slot, kind, lsn: formatLsn(position.from) }, 'going on behind an accepted gap')
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
function nextHistory(kind: GapKind, server: Server, known: Source | undefined): string {
  const isSame = known !== undefined && clusterOf(known) === server.systemIdentifier
  if (!isSame) return server.systemIdentifier
  const givesAgain = kind === 'server is behind' || kind === 'another timeline' || kind === 'another history'
  return givesAgain ? nextName(known.systemIdentifier) : known.systemIdentifier
}

/** The gap with which the stream ends where the server's history is another than the journal's. */
export function divergence(
  { tag, commit, good }: Divergence,
  { until }: StartPosition,
  { journal, slot }: Pick<StartOptions, 'journal' | 'slot'>,
): GapError {
  const at = `${formatLsn(commit.lsn)} (${isoMicros(commit.at)})`
  const what = tag === 'unknown' ? 'has a commit that the journal never saw' : 'lacks a commit that the journal saw'
  const reason = `the server ${what}, at ${at}: its data were put back from a copy`
  const last = journal.checkpoint()?.lastCommittedAt ?? null
  const lastCommitAt = last === null ? null : isoMicros(last)
  const range = gapRange('another history', good, maxLsn(until, commit.lsn))
  return new GapError({ kind: 'another history', slot, reason, ...range, lastCommitAt }, goOn)
}
