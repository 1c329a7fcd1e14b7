// What a line of the daemon's log looks like. In: its facts. Out: on a terminal one line for each notification, as wide as the
// terminal is, and `key=value` for everything else; as JSON the line with nothing in it that a terminal would obey.
import type { LogText } from '../base/log.js'
import { fitted, terminalWidth } from './columns.js'
import { printable, safeJson } from './printable.js'

type Facts = Readonly<Record<string, unknown>>

/** `[2026-11-25 07:52:12+0000] ERROR: ` stands before it. */
const prefixWidth = 34

export const logText: LogText = { json: safeJson, readable: (facts) => logLine(facts, terminalWidth() - prefixWidth) }

/** @param width in columns, for what comes behind time and level */
export function logLine(given: Facts, width: number): string {
  const facts = printable(given)
  const { level, time, msg, ...rest } = facts
  if (typeof facts['webhook_id'] === 'string') return ofNotification(facts, width)
  const parts = Object.entries(rest).map(([key, value]) => `${key}=${textOf(value)}`)
  return [textOf(msg), ...parts].join('  ')
}

function ofNotification(facts: Facts, width: number): string {
  const [kind, endpoint, number, error] = ['notification', 'endpoint', 'sequence', 'error'].map(
    (key) => facts[key] ?? null,
  )
  const outcome = textOf(facts['msg']).replace(/^notification /, '')
  const isDelivered = error === null
  const result = isDelivered
    ? `${outcome === 'delivered' ? '' : `${outcome} `}${textOf(facts['status'])}`
    : textOf(error)
  const retryAt = typeof facts['retry_at'] === 'string' ? `again at ${facts['retry_at'].slice(11, 19)}Z` : ''
  const lag = typeof facts['lag_ms'] === 'number' ? `${facts['lag_ms']} ms after the commit` : ''
  return fitted(
    [
      { text: `${textOf(kind)} → ${textOf(endpoint)} #${textOf(number)}`, rank: 0 },
      { text: isDelivered || outcome === 'failed' ? result : `${outcome}: ${result}`, rank: 0 },
      { text: textOf(facts['lsn']), rank: 1 },
      { text: facts['attempt'] === 1 ? '' : `attempt ${textOf(facts['attempt'])}`, rank: 3 },
      { text: retryAt, rank: 2 },
      { text: textOf(facts['appointment_external_id']), rank: 4 },
      { text: textOf(facts['webhook_id']), rank: 5 },
      { text: lag, rank: 6 },
    ],
    width,
  )
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
