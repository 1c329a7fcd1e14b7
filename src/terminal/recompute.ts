// `notifyd replay --recompute`, its first half: today's protocols over the journaled changes of a range. What no receiver has
// seen is kept in the journal for the replay that follows (spec section 9). Computed here, so a mended protocol needs no
// restart of the daemon, and a slow one holds nothing up.
import { JournalError } from '../base/errors.js'
import type { ResolvedChange } from '../change/captured-change.js'
import type { ComputedChange, OwedNotification, Source } from '../compute/computed-change.js'
import type { RequestOf } from '../journal/carry-out.js'
import type { Journal } from '../journal/journal.js'
import type { JournaledChange, Recomputed } from '../journal/recomputes.js'
import type { ReplaySelection } from '../journal/replay-range.js'
import { ask } from './ask.js'

export interface RecomputeOptions {
  readonly journalPath: string
  readonly selection: ReplaySelection
  /** Names what is kept. */
  readonly recompute: string
  compute(changes: readonly ResolvedChange[], source: Source): Promise<readonly ComputedChange[]>
}

export interface WouldSend {
  readonly change: ResolvedChange
  readonly notification: OwedNotification
}

export interface RecomputedRange {
  readonly changes: number
  /** Protocols that failed for a change. */
  readonly failures: number
  readonly unseen: readonly WouldSend[]
}

const windowSize = 200

/** @param keeps false: nothing is written. */
export async function recomputeRange(
  journal: Journal,
  options: RecomputeOptions,
  keeps: boolean,
): Promise<RecomputedRange> {
  const { selection, recompute, journalPath } = options
  let changes = 0
  let failures = 0
  const unseen: WouldSend[] = []
  for (let afterId = 0; ; ) {
    const window = journal.recomputes.changes(selection, afterId, windowSize)
    const last = window.at(-1)
    if (last === undefined) return { changes, failures, unseen }
    afterId = last.id
    const computed = await computeAll(window, options)
    changes += computed.length
    failures += computed.flatMap(({ outcomes }) => outcomes).filter(({ tag }) => tag === 'failed').length
    if (keeps) await keep(journalPath, { kind: 'recomputed', arguments: { recompute, changes: computed } })
    else {
      for (const [at, journaled] of window.entries()) {
        const found = journal.recomputes.unseen(journaled, computed[at]?.notifications ?? [])
        unseen.push(...found.map(({ notification }) => ({ change: journaled.change, notification })))
      }
    }
  }
}

async function keep(journalPath: string, request: RequestOf): Promise<void> {
  const answer = await ask(journalPath, request, new Set())
  if ('error' in answer) throw new JournalError(answer.error)
}

async function computeAll(
  window: readonly JournaledChange[],
  { compute, selection }: RecomputeOptions,
): Promise<Recomputed[]> {
  const recomputed: Recomputed[] = []
  for (const { source, members } of bySource(window)) {
    const computed = await compute(
      members.map(({ change }) => change),
      source,
    )
    for (const [at, { id: changeId }] of members.entries()) {
      const { outcomes = [], notifications = [] } = computed[at] ?? {}
      const chosen = notifications.filter((notification) => isChosen(notification, selection))
      recomputed.push({ changeId, outcomes: [...outcomes], notifications: chosen })
    }
  }
  return recomputed
}

const isChosen = ({ endpoint, notification }: OwedNotification, selection: ReplaySelection): boolean =>
  (selection.endpoint === undefined || selection.endpoint === endpoint) &&
  (selection.only === undefined || selection.only.includes(notification))

/** Neighbours of one source together. */
function bySource(window: readonly JournaledChange[]): { source: Source; members: JournaledChange[] }[] {
  const groups: { source: Source; members: JournaledChange[] }[] = []
  for (const journaled of window) {
    const { source } = journaled
    const group = groups.at(-1)
    const isSame =
      group?.source.systemIdentifier === source.systemIdentifier && group.source.timeline === source.timeline
    if (group !== undefined && isSame) group.members.push(journaled)
    else groups.push({ source, members: [journaled] })
  }
  return groups
}
