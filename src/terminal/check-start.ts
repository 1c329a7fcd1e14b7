// Where `notifyd run` would begin, or which gap would stop it, as `check` tells it: a replication connection is opened, the slot
// is held against the journal, and nothing is changed.
import { errorCode, GapError, JournalError, judge, NotReadyError } from '../base/errors.js'
import type { DatabaseAddress } from '../capture/connection.js'
import { type Finding, fail, ok, type Sql, type WatchedTable, warn } from '../capture/finding.js'
import { isSamePublication } from '../capture/fingerprint.js'
import { formatLsn } from '../capture/lsn.js'
import { inspectPublication } from '../capture/publication.js'
import { ReplicationStream } from '../capture/replication-stream.js'
import { isOfPooler, poolerRemedy, saidBy } from '../capture/server-words.js'
import { goOn, judgeStart, readSlot, type StartFacts } from '../capture/slot.js'
import { knownPosition } from '../journal/checkpoint.js'
import { isThere, readJournal } from './read-journal.js'

export interface StartCheck {
  readonly address: DatabaseAddress
  readonly slot: string
  readonly publication: string
  readonly tables: readonly WatchedTable[]
  readonly journal: string
}

const connection = 'replication connection'
const start = 'start'

/** What the journal knows; nothing where there is none. */
interface Known {
  readonly position: StartFacts['known']
  readonly intended: boolean
  /** Why a gap that waits for an operator's word was found; null: none does. */
  readonly open: string | null
  /** Kinds of the gaps that an operator has accepted and no start has passed yet. */
  readonly accepted: readonly string[]
  readonly publication: string | null
  /** Those that were followed, OID → the model's name. */
  readonly tables: ReadonlyMap<number, string>
}

const nothing: Known = {
  position: null,
  intended: false,
  open: null,
  accepted: [],
  publication: null,
  tables: new Map(),
}

export async function inspectStart(sql: Sql, options: StartCheck): Promise<readonly Finding[]> {
  try {
    await using stream = await ReplicationStream.connect(options.address)
    const server = await stream.identify()
    const opened = `opened: cluster ${server.systemIdentifier}, timeline ${server.timeline}`
    return [ok(connection, opened), await startFinding(sql, stream, server, options)]
  } catch (error) {
    const verdict = judge(error)
    const code = errorCode(error) ?? verdict.code
    const remedy = verdict.tag === 'stop' ? verdict.remedy : 'is there a pooler in database.url? Connect directly'
    return [
      fail(connection, `it cannot be opened (${code})${saidBy(error)}`, isOfPooler(error) ? poolerRemedy : remedy),
    ]
  }
}

async function startFinding(
  sql: Sql,
  stream: ReplicationStream,
  server: StartFacts['server'],
  { slot, publication, tables, journal }: StartCheck,
): Promise<Finding> {
  let known = nothing
  try {
    if (isThere(journal)) known = await readKnown(journal, slot)
    if (known.open !== null) return gapFinding(known.open, false)
    const { position } = known
    const { rows } = await sql.query<{ database: string }>('SELECT current_database()::text AS database')
    const begins = judgeStart({
      slot,
      known: position,
      intended: known.intended,
      found: await readSlot(sql, slot),
      database: rows[0]?.database ?? '',
      server,
      left: await stream.history(server.timeline),
    })
    if (begins.tag === 'create')
      return ok(start, 'the first start makes the slot; what is committed from then on notifies')
    const { fingerprint } = await inspectPublication(sql, publication, tables, known.tables)
    if (known.publication !== null && !isSamePublication(known.publication, fingerprint)) {
      const found = 'the publication is not what it was when it was followed: what was written meanwhile may be missing'
      return gapFinding(found, known.accepted.includes('publication changed'))
    }
    return ok(start, `goes on at ${formatLsn(begins.tag === 'resume' ? begins.until : begins.from)}`)
  } catch (error) {
    if (error instanceof GapError) return gapFinding(error.facts.reason, known.accepted.includes(error.facts.kind))
    if (error instanceof NotReadyError) return fail(start, error.found, error.remedy)
    if (error instanceof JournalError) return fail(start, error.message, 'correct journal.url')
    throw error
  }
}

function gapFinding(reason: string, isAccepted: boolean): Finding {
  if (isAccepted) return warn(start, `goes on behind an accepted gap: ${reason}`, 'notifyd gaps list shows it')
  return fail(start, reason, goOn)
}

const readKnown = (path: string, slot: string): Promise<Known> =>
  readJournal(path, (journal) => {
    const checkpoint = journal.checkpoint()
    return {
      position: checkpoint && knownPosition(checkpoint),
      intended: journal.slotIntent()?.slot === slot,
      open: journal.openGap()?.reason ?? null,
      accepted: journal.acceptedGaps().map(({ kind }) => kind),
      publication: checkpoint?.publication ?? null,
      tables: journal.knownTables(),
    }
  })
