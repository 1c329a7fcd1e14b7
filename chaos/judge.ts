// The judge: reads the clinic's truth and what the receivers got, and nothing else. Never the journal.
import type { Post } from '../testbed/post.js'
import type { Receiver } from '../testbed/receiver.js'
import type { Truth } from './truth.js'

export interface Verdict {
  readonly due: number
  readonly delivered: number
  readonly lost: number
  readonly notDue: number
  readonly outOfOrder: number
  readonly duplicates: number
  /** Of one id with other bytes. */
  readonly contradictions: number
  /** Sequence numbers that were never delivered, below the highest. */
  readonly holes: number
  readonly unsigned: number
  readonly overlaps: number
}

/** One receiver, which is due every notification. */
export function judge(truth: readonly Truth[], receiver: Receiver): Verdict {
  const bodies = new Map<string, string>()
  const seen = new Map<string, string[]>()
  const sequences = new Set<number>()
  let duplicates = 0
  let contradictions = 0
  for (const post of receiver.posts) {
    const id = post.webhookId ?? ''
    const body = post.rawBody.toString()
    const before = bodies.get(id)
    if (before !== undefined && before !== body) contradictions += 1
    bodies.set(id, body)
    if (before !== undefined) duplicates += 1
  }
  const counted = new Set<string>()
  for (const post of receiver.delivered) {
    if (post.sequence !== null) sequences.add(post.sequence)
    if (counted.has(post.webhookId ?? '')) continue
    counted.add(post.webhookId ?? '')
    append(seen, post.appointmentExternalId ?? '', post.rawBody.toString())
  }
  const due = new Map<string, string[]>()
  for (const { appointment, body } of truth) append(due, appointment, body)
  const faults = receiver.faults
  const tally = (tag: string) => faults.filter((fault) => fault.tag === tag).length
  return {
    due: truth.length,
    delivered: counted.size,
    ...compare(due, seen),
    duplicates,
    contradictions,
    holes: [...sequences].reduce((highest, sequence) => Math.max(highest, sequence), 0) - sequences.size,
    unsigned: tally('signature'),
    overlaps: tally('overlap'),
  }
}

function compare(due: ReadonlyMap<string, readonly string[]>, seen: ReadonlyMap<string, readonly string[]>) {
  let lost = 0
  let notDue = 0
  let outOfOrder = 0
  for (const [appointment, wanted] of due) {
    const got = seen.get(appointment) ?? []
    lost += missing(wanted, got)
    notDue += missing(got, wanted)
    if (wanted.length === got.length && missing(wanted, got) === 0 && wanted.join() !== got.join()) outOfOrder += 1
  }
  for (const [appointment, got] of seen) if (!due.has(appointment)) notDue += got.length
  return { lost, notDue, outOfOrder }
}

/** How many of `wanted` are not in `got`, the same text as often as it stands there. */
function missing(wanted: readonly string[], got: readonly string[]): number {
  const left = [...got]
  return wanted.filter((body) => {
    const at = left.indexOf(body)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  }).length
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

/** What was due and what came instead, of the first few appointments where these differ. Demo data. */
export function examples(truth: readonly Truth[], receiver: Receiver, most = 4): readonly string[] {
  const seen = new Map<string, string[]>()
  const counted = new Set<string>()
  for (const post of receiver.delivered) {
    if (counted.has(post.webhookId ?? '')) continue
    counted.add(post.webhookId ?? '')
    append(seen, post.appointmentExternalId ?? '', post.rawBody.toString())
  }
  const due = new Map<string, string[]>()
  for (const { appointment, body } of truth) append(due, appointment, body)
  const all = [...new Set([...due.keys(), ...seen.keys()])]
  const wrong = all.filter(
    (appointment) => (due.get(appointment) ?? []).join() !== (seen.get(appointment) ?? []).join(),
  )
  return wrong
    .slice(0, most)
    .map(
      (appointment) =>
        `due ${(due.get(appointment) ?? []).join('\n    ')}\ngot ${(seen.get(appointment) ?? []).join('\n    ')}`,
    )
}

export const isClean = (verdict: Verdict): boolean =>
  verdict.lost + verdict.notDue + verdict.outOfOrder + verdict.contradictions + verdict.holes + verdict.unsigned ===
    0 && verdict.overlaps === 0

/** How many distinct notifications a receiver has accepted. */
export const accepted = (receiver: Receiver): number =>
  new Set(receiver.delivered.map((post: Post) => post.webhookId)).size
