// What `notifyd replay` is to send: LSNs, times, or one webhook id in, the selection that the journal keeps out.
import { UsageError } from '../base/errors.js'
import { formatLsn } from '../capture/lsn.js'
import type { Journal } from '../journal/journal.js'
import type { ReplaySelection } from '../journal/replay-range.js'
import { butFor, gapsInside } from '../journal/wholeness.js'
import { type Place, placeOf } from './moment.js'

export interface AskedReplay extends Omit<ReplaySelection, 'from' | 'to' | 'one'> {
  /** `msg_…`: this one alone. */
  readonly webhookId?: string
  /** An LSN or a time. */
  readonly from?: string
  readonly to?: string
}

/** @throws UsageError for what does not go together, what is no place, and what the journal does not have */
export function selectionOf(journal: Journal, asked: AskedReplay): ReplaySelection {
  const { webhookId, from, to, ...filters } = asked
  if (webhookId !== undefined) {
    if ((from ?? to ?? filters.endpoint ?? filters.only ?? filters.appointment) !== undefined) {
      throw new UsageError('a webhook id is one notification: no range and no filter goes with it')
    }
    return one(journal, webhookId)
  }
  if (from === undefined) throw new UsageError('give --from, an LSN or a time like 2h, or a webhook id (msg_…)')
  const places = { from: placeOf('--from', from), ...(to !== undefined && { to: placeOf('--to', to) }) }
  return { ...filters, ...limits(journal, places) }
}

interface Limits {
  readonly from: string
  readonly to?: string
}

function limits(journal: Journal, { from, to }: { readonly from: Place; readonly to?: Place }): Limits {
  const checkpoint = journal.checkpoint()
  if (checkpoint === null) throw new UsageError('the journal is empty: nothing was followed yet')
  if (from.tag === 'time') {
    if (from.at > Date.now()) throw new UsageError('--from lies in the future')
    if (from.at < checkpoint.completeFromAt) {
      const since = `${new Date(checkpoint.completeFromAt).toISOString()} (${formatLsn(checkpoint.completeFromLsn)})`
      const but = butFor(gapsInside(checkpoint, journal.gaps()))
      throw new UsageError(`the journal is whole from ${since} on${but}: what lies before was never seen or is pruned`)
    }
    if (to?.tag === 'time' && to.at < from.at) throw new UsageError('--to lies before --from')
  }
  const first = from.tag === 'lsn' ? from : journal.replays.firstCommitFrom(from.at * 1000)
  const last = to === undefined || to.tag === 'lsn' ? to : journal.replays.lastCommitUntil(to.at * 1000 + 999)
  // Behind every commit there is: nothing.
  const end = formatLsn(checkpoint.durableLsn)
  if (first === null || last === null) return { from: end, to: end }
  const isTimed = from.tag === 'time' || to?.tag === 'time'
  if (isTimed && last !== undefined && last.lsn < first.lsn) return { from: end, to: end }
  return { from: formatLsn(first.lsn), ...(last !== undefined && { to: formatLsn(last.lsn) }) }
}

function one(journal: Journal, webhookId: string): ReplaySelection {
  const stored = journal.replays.stored(webhookId)
  if (stored === null) throw new UsageError(`${webhookId}: the journal has none of that id`)
  if (stored.state === 'owed') throw new UsageError(`${webhookId} is still owed: notifyd retry sends what waits`)
  if (stored.state === 'discarded') throw new UsageError(`${webhookId} was discarded: ${stored.reason ?? 'no reason'}`)
  if (stored.commit === null) throw new UsageError(`${webhookId} is of no commit, and is not sent again`)
  const lsn = formatLsn(stored.commit.lsn)
  return { from: lsn, to: lsn, one: { webhookId, changeId: stored.commit.changeId } }
}
