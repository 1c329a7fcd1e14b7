// A server's own history: the timelines that led to the one it is on. In: what TIMELINE_HISTORY says. Out: which timeline
// wrote an LSN, and where a timeline began and was left. Pure. Owns that a change's timeline is the one that wrote its
// commit, whatever the server is on by now.
// https://www.postgresql.org/docs/current/protocol-replication.html (TIMELINE_HISTORY)
import { type Lsn, toLsn, zeroLsn } from './lsn.js'

/** Where a timeline was left for the next one: what begins below it is still its own. */
export interface Switch {
  readonly timeline: number
  readonly switchLsn: Lsn
}

export interface History {
  /** The one the server is on. */
  readonly timeline: number
  /** The earlier ones, the oldest first; none where the server has lost the file that names them. */
  readonly left: readonly Switch[]
}

/** The timeline that wrote the record which begins at `lsn`. */
export const timelineOf = ({ timeline, left }: History, lsn: Lsn): number =>
  left.find(({ switchLsn }) => lsn < switchLsn)?.timeline ?? timeline

export interface Segment {
  readonly timeline: number
  /** The switchpoint that it began at, 0 for the first one; null: nobody can say. */
  readonly began: Lsn | null
  /** The switchpoint at which it was left; null: the server is on it. */
  readonly ended: Lsn | null
}

/** A timeline's part of the history; null: the history never came by it. */
export function segmentOf({ timeline: current, left }: History, timeline: number): Segment | null {
  const index = timeline === current ? left.length : left.findIndex((earlier) => earlier.timeline === timeline)
  if (index === -1) return null
  const isNamed = timeline === 1 || left.length > 0
  const began = left[index - 1]?.switchLsn ?? (isNamed ? zeroLsn : null)
  return { timeline, began, ended: left[index]?.switchLsn ?? null }
}

/** The segment that wrote what ends at `end`: a position at a switchpoint belongs to what lies before it. */
export function segmentAt(history: History, end: Lsn): Segment {
  const timeline = timelineOf(history, end === zeroLsn ? end : toLsn(end - 1n))
  return segmentOf(history, timeline) ?? { timeline, began: null, ended: null }
}
