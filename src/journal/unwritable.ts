// A journal that cannot be written: its disk is full, or fails. What a write threw in; what the operator is told out, and how
// often it has been so. Owns that the line names the journal's disk: a bare ENOSPC could be anybody's.
import { errorCode } from '../base/errors.js'
import type { Log } from '../base/log.js'
import { isOfSqlite } from './sqlite-error.js'

export interface Unwritable {
  readonly reason: string
  readonly remedy: string
}

const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** Below this there is no room to write: the -wal takes 16 MB before it is used again. */
export const noRoomBytes = 32_000_000

/** Null: it is not the journal's error, or none of its disk. @param path of the journal */
export function unwritable(error: unknown, path: string): Unwritable | null {
  const code = errorCode(error)
  if (code === null || !(error instanceof Error) || !isOfSqlite(error.cause)) return null
  if (full.has(code)) {
    return {
      reason: `the disk of the journal ${path} is full`,
      remedy: `make room on it: the daemon then goes on by itself within half a minute; see NotifydJournalDiskFull in docs/operations.md`,
    }
  }
  return {
    reason: `the journal ${path} cannot be written`,
    remedy: 'look at its disk (dmesg, mount): the daemon goes on by itself when it can be written again',
  }
}

/** @param facts with the `reason` and `remedy` from here */
export const logUnwritable = (facts: object, log: Log): void =>
  log.warn(
    facts,
    'the journal cannot be written: nothing more is acknowledged, and the database keeps the WAL; trying again',
  )

/** Longer than the longest wait between two attempts, and what an attempt takes. */
const apartMs = 120_000

/** How often in a row: one that writes a little between two ends, and then cannot, has not recovered. */
export class UnwritableEnds {
  #times = 0
  #lastMs = Number.NEGATIVE_INFINITY

  /** @param nowMs of a clock that never jumps. @returns the how manieth in a row */
  ended(nowMs: number): number {
    this.#times = nowMs - this.#lastMs < apartMs ? this.#times + 1 : 1
    this.#lastMs = nowMs
    return this.#times
  }
}
