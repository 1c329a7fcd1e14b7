// What a scrape wants to know of the journal, in one go: debts, waiting lanes, gaps. Each query walks an index of what is
// owed, dead or waiting, and nothing that is settled.
import { statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Micros } from '../base/time.js'
import { readCheckpoint } from './checkpoint.js'
import { listGaps } from './gaps.js'
import { countRowGaps } from './row-gaps.js'
import type { Sqlite } from './sqlite.js'

export interface EndpointFigures {
  readonly endpoint: string
  readonly owed: number
  readonly dead: number
  /** Commit time of the first one owed; null: none is, or it has no commit (a gap's notice). */
  readonly oldestOwedAt: Micros | null
  /** Lanes whose first delivery waits for its retry. */
  readonly waitingLanes: number
  /** Of the newest attempt at its waiting lanes and dead letters; null: there is none. */
  readonly lastError: string | null
}

export interface JournalFigures {
  readonly endpoints: readonly EndpointFigures[]
  /** Null: nothing was committed yet. */
  readonly lastCommittedAt: Micros | null
  /** Gaps by how far an operator and the daemon are with them. */
  readonly gaps: { readonly found: number; readonly accepted: number; readonly resumed: number }
  /** Gaps of one row that nobody has accepted yet. */
  readonly rowGaps: number
}

const oldestQuery = `
  SELECT committed_at_us AS at FROM delivery
   WHERE endpoint = ? AND state = 'owed' AND committed_at_us IS NOT NULL ORDER BY id LIMIT 1`

/** One waiting lane and one dead letter are asked, whatever there is of them: those of the latest retry, and the last to be owed. */
const lastErrorQuery = `
  SELECT error FROM attempt
   WHERE delivery_id IN (
           (SELECT delivery_id FROM lane_wait WHERE endpoint = ?1 ORDER BY retry_at DESC LIMIT 1),
           (SELECT id FROM delivery WHERE endpoint = ?1 AND state = 'dead' ORDER BY id DESC LIMIT 1))
   ORDER BY started_at DESC LIMIT 1`

export function readFigures(sqlite: Sqlite): JournalFigures {
  const counts = (sql: string) => new Map(sqlite.all(sql).map((row) => [String(row['endpoint']), Number(row['n'])]))
  const inState = (state: 'owed' | 'dead') =>
    counts(`SELECT endpoint, count(*) AS n FROM delivery WHERE state = '${state}' GROUP BY endpoint`)
  const owed = inState('owed')
  const dead = inState('dead')
  const waiting = counts('SELECT endpoint, count(*) AS n FROM lane_wait GROUP BY endpoint')
  const names = [...new Set([...owed.keys(), ...dead.keys(), ...waiting.keys()])].sort()
  const gaps = listGaps(sqlite)
  return {
    endpoints: names.map((endpoint) => {
      const oldest = sqlite.get(oldestQuery, [endpoint])?.['at']
      const error = sqlite.get(lastErrorQuery, [endpoint])?.['error']
      return {
        endpoint,
        owed: owed.get(endpoint) ?? 0,
        dead: dead.get(endpoint) ?? 0,
        oldestOwedAt: typeof oldest === 'number' ? oldest : null,
        waitingLanes: waiting.get(endpoint) ?? 0,
        lastError: typeof error === 'string' ? error : null,
      }
    }),
    lastCommittedAt: readCheckpoint(sqlite)?.lastCommittedAt ?? null,
    gaps: {
      found: gaps.filter(({ acceptedAt, resumedAt }) => acceptedAt === null && resumedAt === null).length,
      accepted: gaps.filter(({ acceptedAt, resumedAt }) => acceptedAt !== null && resumedAt === null).length,
      resumed: gaps.filter(({ resumedAt }) => resumedAt !== null).length,
    },
    rowGaps: countRowGaps(sqlite),
  }
}

export interface JournalFiles {
  readonly mainBytes: number
  /** Of the -wal beside it; 0: there is none. */
  readonly walBytes: number
  /** What this user may still write on that disk. */
  readonly freeBytes: number
}

/** Null: the file is not there yet. Asks for sizes and opens nothing: to close the file would drop the locks on it. */
export async function journalFiles(path: string): Promise<JournalFiles | null> {
  const bytes = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? null
  const mainBytes = bytes(path)
  if (mainBytes === null) return null
  const { bavail, bsize } = await statfs(dirname(path))
  return { mainBytes, walBytes: bytes(`${path}-wal`) ?? 0, freeBytes: bavail * bsize }
}
