// What an outcome means: delivered, tried again (when), or dead; and whether it speaks of the endpoint's health. Pure.
// Spec section 7; Retry-After is RFC 9110 section 10.2.3.

import type { AttemptError } from './attempt-errors.js'

export interface Outcome {
  /** HTTP status; null: none came. With an error other than `http …` the answer broke off behind it, and it is no 2xx. */
  readonly status: number | null
  /** A short class of failure (`ECONNREFUSED`, `timeout`, `http 500`, `refused address`); null for a 2xx. */
  readonly error: string | null
  /** The header, as it was sent. */
  readonly retryAfter: string | null
  /** The server had closed a kept-alive connection before any answer: most likely nothing is wrong. */
  readonly isStale: boolean
}

export type Decision =
  | { readonly tag: 'delivered' }
  /** Unix ms. `pauseUntil`: the whole endpoint asked for it. */
  | { readonly tag: 'retry'; readonly retryAt: number; readonly pauseUntil: number | null }
  | { readonly tag: 'dead'; readonly pauseUntil: number | null }

const staleRetryMs = 100
const maxRetryAfterMs = 24 * 3_600_000
const jitter = 0.2

/**
 * @param attempt the number of this attempt, from 1
 * @param random in [0, 1)
 */
export function decide(
  outcome: Outcome,
  attempt: number,
  retrySeconds: readonly number[],
  nowMs: number,
  random: number,
): Decision {
  if (isSuccess(outcome)) return { tag: 'delivered' }
  const seconds = retrySeconds[attempt - 1]
  const pauseUntil = askedToWaitUntil(outcome, nowMs)
  if (outcome.status === 410 || outcome.error === damaged || seconds === undefined) return { tag: 'dead', pauseUntil }
  if (outcome.isStale && attempt === 1) return { tag: 'retry', retryAt: nowMs + staleRetryMs, pauseUntil: null }
  const retryAt = Math.round(nowMs + seconds * 1000 * (1 - jitter + 2 * jitter * random))
  return { tag: 'retry', retryAt: Math.max(retryAt, pauseUntil ?? 0), pauseUntil }
}

export const isSuccess = ({ status, error }: Outcome): boolean => error === null && isSuccessStatus(status)

export const isSuccessStatus = (status: number | null): boolean => status !== null && status >= 200 && status < 300

/** Transport errors, time-outs, 429 and 5xx count towards probing; other answers say nothing of the endpoint's health. */
export function isUnhealthy({ status, error, isStale }: Outcome): boolean {
  if (error === null || error === refused || error === damaged || isStale) return false
  if (status === null || error !== answerClass(status)) return true
  return status === 429 || status >= 500
}

/** The class of a whole answer that is no 2xx. */
export const answerClass = (status: number | null): string => `http ${status}`

/** The URL policy refused: nothing was sent, and nothing is known of the endpoint. */
export const refused = 'refused address' satisfies AttemptError

/** The journal does not hold it as it was owed: nothing was sent, ever. */
export const damaged = 'damaged in the journal' satisfies AttemptError

/** Null where the server did not ask, or asked for what is past or cannot be read. */
function askedToWaitUntil({ status, retryAfter }: Outcome, nowMs: number): number | null {
  if ((status !== 429 && status !== 503) || retryAfter === null) return null
  const text = retryAfter.trim()
  const until = /^\d+$/.test(text) ? nowMs + Number(text) * 1000 : httpDate(text)
  if (until === null || until <= nowMs) return null
  return Math.min(until, nowMs + maxRetryAfterMs)
}

/** An HTTP-date of any of the three forms begins with a day's name; Date.parse alone would take `12` for a year. */
function httpDate(text: string): number | null {
  const ms = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isFinite(ms) ? ms : null
}
