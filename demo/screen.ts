// How the demo looks: a line for each notification as it arrived, and the table at the end. Demo data only: the daemon
// itself never prints a payload.
import type { Post } from '../testbed/post.js'
import { header, isScheduling, latencyMs } from './story.js'

/** `  0/1A2B3C8  cancelled    scheduling  e999b5c7-…  #3  4.1 ms`. */
export function postLine(post: Post): string {
  const lsn = (header(post, 'notification-lsn') ?? '').padEnd(11)
  const notification = (post.notification ?? '').padEnd(13)
  const where = (isScheduling(post) ? 'scheduling' : 'front-desk').padEnd(11)
  const about = post.appointmentExternalId ?? 'the user’s own payload'
  const sequence = `#${post.sequence ?? '-'}`.padEnd(6)
  return `  ${lsn} ${notification} ${where} ${sequence} ${about.padEnd(37)} ${latencyMs(post).toFixed(1)} ms`
}

export interface SummaryInput {
  readonly posts: readonly Post[]
  readonly faults: number
  readonly due: number
  /** Null: the daemon was not asked. */
  readonly changes: number | null
}

export function summary({ posts, faults, due, changes }: SummaryInput): string {
  const delivered = posts.filter(({ answered }) => answered !== null)
  const latencies = delivered.map(latencyMs).sort((a, b) => a - b)
  const kinds = [...new Set(delivered.map(({ notification }) => notification ?? ''))]
  const rows: [string, string][] = [
    ['changes journaled', changes === null ? '–' : String(changes)],
    ['notifications due', String(due)],
    ['notifications delivered', String(delivered.filter(isScheduling).length)],
    ...kinds.map((kind): [string, string] => [
      `  ${kind}`,
      String(delivered.filter(({ notification }) => notification === kind).length),
    ]),
    ['faults found by the receiver', String(faults)],
    ['commit to 2xx, p50', `${percentile(latencies, 0.5).toFixed(1)} ms`],
    ['commit to 2xx, p99', `${percentile(latencies, 0.99).toFixed(1)} ms`],
  ]
  return rows.map(([name, value]) => `${name.padEnd(32)}${value.padStart(10)}`).join('\n')
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
