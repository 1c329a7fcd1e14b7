// Where one connection begins to stream: at the journal's durable LSN, at the new slot of the very first start, or behind a
// gap that an operator has accepted. Owns law 3: the slot is never made anew or adopted silently.
import { GapError, type GapKind } from './base/errors.js'
import type { Log } from './base/log.js'
import type { Sql } from './capture/finding.js'
import { formatLsn, type Lsn } from './capture/lsn.js'
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
import type { SeenPublication } from './journal/followed-table.js'
import type { Journal } from './journal/journal.js'
import { assertSamePublication } from './same-publication.js'

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

/** @throws GapError; NotReadyError for a slot of another kind; what pg throws. */
export async function startPosition(
  sql: Sql,
  stream: ReplicationStream,
  publication: SeenPublication,
  options: StartOptions,
): Promise<StartPosition> {
  const { journal, slot } = options
  const server = await stream.identify()
  const found = await readSlot(sql, slot)
  const judged = await judge(sql, stream, server, found, publication, options)
  const open = journal.openGap()
  if (open !== null) throw new GapError(open, goOn)
  const position =
    judged.tag === 'gap'
      ? await behind(judged.gap.facts.kind, sql, server, found, options)
      : await from(judged.start, sql, judged.source, options)
  await journal.recordPublication(publication)
  return position
}

interface Judged {
  readonly start: Start
  readonly source: Source
}

/** A gap that no operator has accepted is in the journal from now on. */
async function judge(
  sql: Sql,
  stream: ReplicationStream,
  server: SystemIdentity,
  found: SlotFacts | null,
  publication: SeenPublication,
  options: StartOptions,
): Promise<({ readonly tag: 'start' } & Judged) | { readonly tag: 'gap'; readonly gap: GapError }> {
  const { journal } = options
  try {
    const judged = await judgedStart(sql, stream, server, found, options)
    assertSamePublication(publication.fingerprint, server.walEnd, options)
    return { tag: 'start', ...judged }
  } catch (error) {
    if (!(error instanceof GapError)) throw error
    const isAccepted = journal.acceptedGaps().some(({ kind }) => kind === error.facts.kind)
    if (!isAccepted) await journal.recordGap(error.facts)
    return { tag: 'gap', gap: error }
  }
}

async function judgedStart(
  sql: Sql,
  stream: ReplicationStream,
  server: SystemIdentity,
  found: SlotFacts | null,
  { journal, slot }: StartOptions,
): Promise<Judged> {
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
  return { start, source }
}

/** Where nothing is missing, or an operator has accepted a gap whose cause is undone. */
async function from(start: Start, sql: Sql, source: Source, options: StartOptions): Promise<StartPosition> {
  const { journal, slot, log, gapNotices } = options
  const position = start.tag === 'resume' ? { from: start.from, source } : await begin(start, sql, source, options)
  if (start.tag === 'resume' && start.promoted)
    log.warn({ slot, timeline: source.timeline }, 'the server was promoted; nothing is missing')
  if (journal.acceptedGaps().length > 0) {
    await journal.goOnBehindGaps(null, { lsn: position.from, source: null }, gapNotices)
    log.warn({ slot, lsn: formatLsn(position.from) }, 'going on behind an accepted gap')
  }
  return position
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
  kind: GapKind,
  sql: Sql,
  server: SystemIdentity,
  found: SlotFacts | null,
  options: StartOptions,
): Promise<StartPosition> {
  const { journal, slot, log, gapNotices } = options
  const checkpoint = journal.checkpoint()
  if (kind === 'publication changed' && checkpoint !== null) {
    const position = { from: checkpoint.durableLsn, source: { ...checkpoint.source, timeline: server.timeline } }
    // Until now: the publication is right again only since preflight has looked.
    await journal.goOnBehindGaps(server.walEnd, { lsn: position.from, source: null }, gapNotices)
    log.warn({ slot, kind }, 'going on behind an accepted gap')
    return position
  }
  const source = { systemIdentifier: nextHistory(kind, server, checkpoint?.source), timeline: server.timeline }
  const position =
    found !== null && isUsable(found) && found.confirmedFlush !== null
      ? { from: found.confirmedFlush, source }
      : await made(found, sql, source, options)
  await journal.goOnBehindGaps(position.from, { lsn: position.from, source }, gapNotices)
  log.warn({ slot, kind, lsn: formatLsn(position.from) }, 'going on behind an accepted gap')
  return position
}

async function made(found: SlotFacts | null, sql: Sql, source: Source, options: StartOptions): Promise<StartPosition> {
  if (found !== null) await dropSlot(sql, options.slot)
  return begin({ tag: 'create' }, sql, source, options)
}

/** A server that was set back without a new timeline gives its LSNs again: its later history needs a name of its own. */
function nextHistory(kind: GapKind, server: SystemIdentity, known: Source | undefined): string {
  const isSame = known !== undefined && clusterOf(known) === server.systemIdentifier
  if (!isSame) return server.systemIdentifier
  if (kind !== 'server is behind' || known.timeline !== server.timeline) return known.systemIdentifier
  const [cluster, restored = '0'] = known.systemIdentifier.split('+')
  return `${cluster}+${Number(restored) + 1}`
}
