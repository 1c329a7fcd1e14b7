// What an outcome means: delivered, tried again (when), or dead; and whether it speaks of the endpoint's health. Pure.
// Spec section 7; Retry-After is RFC 9110 section 10.2.3.

import type { AttemptError, OursAlone } from './attempt-errors.js'

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

/** No attempt was made: this machine could not dial, and nothing is known of the endpoint. `error` is the same code. */
export interface NotSent extends Outcome {
  readonly notSent: OursAlone
}

export const isNotSent = (outcome: Outcome): outcome is NotSent => 'notSent' in outcome

export type Decision =
  | { readonly tag: 'delivered' }
  /** Tried again in `waitMs`, with so many steps of the schedule used up. `pauseMs`: the whole endpoint asked for it. */
  | { readonly tag: 'retry'; readonly waitMs: number; readonly steps: number; readonly pauseMs: number | null }
  | { readonly tag: 'dead'; readonly pauseMs: number | null }

/** What the attempt was, of which the outcome is judged. */
export interface Tried {
  /** From 1. */
  readonly number: number
  /** Of the schedule, used up before it. */
  readonly steps: number
  /** When its delivery would be due by the schedule, from now on; null: it was due. An attempt before its time uses up no step. */
  readonly dueInMs: number | null
}

const staleRetryMs = 100
const maxRetryAfterMs = 24 * 3_600_000
const jitter = 0.2

/**
 * @param nowMs the system's clock, which a date in Retry-After is held against
 * @param random in [0, 1)
 */
export function decide(
  outcome: Outcome,
  { number, steps, dueInMs }: Tried,
  retrySeconds: readonly number[],
  nowMs: number,
  random: number,
): Decision {
  if (isSuccess(outcome)) return { tag: 'delivered' }
  const pauseMs = askedToWait(outcome, nowMs)
  if (outcome.status === 410 || outcome.error === damaged) return { tag: 'dead', pauseMs }
  if (dueInMs !== null) return { tag: 'retry', waitMs: Math.max(dueInMs, pauseMs ?? 0), steps, pauseMs }
  const seconds = retrySeconds[steps]
  if (seconds === undefined) return { tag: 'dead', pauseMs }
  if (outcome.isStale && number === 1) return { tag: 'retry', waitMs: staleRetryMs, steps, pauseMs: null }
  const waitMs = Math.round(seconds * 1000 * (1 - jitter + 2 * jitter * random))
  return { tag: 'retry', waitMs: Math.max(waitMs, pauseMs ?? 0), steps: steps + 1, pauseMs }
}

export const isSuccess = ({ status, error }: Outcome): boolean => error === null && isSuccessStatus(status)

export const isSuccessStatus = (status: number | null): boolean => status !== null && status >= 200 && status < 300

/** Transport errors, time-outs, 429 and 5xx count towards probing; other answers say nothing of the endpoint's health. */
export function isUnhealthy({ status, error, isStale }: Outcome): boolean {
  if (error === null || error === refused || error === damaged || isStale) return false
  if (status === null || error !== answerClass(status)) return true
  return status === 429 || status >= 500
}

/** No answer came, for whatever reason. */
export const isUnanswered = (outcome: Outcome): boolean => outcome.status === null && isUnhealthy(outcome)

/** The class of a whole answer that is no 2xx. */
export const answerClass = (status: number | null): string => `http ${status}`

/** The URL policy refused: nothing was sent, and nothing is known of the endpoint. */
export const refused = 'refused address' satisfies AttemptError

/** The journal does not hold it as it was owed: nothing was sent, ever. */
export const damaged = 'damaged in the journal' satisfies AttemptError

/** Null where the server did not ask, or asked for what is past or cannot be read. */
function askedToWait({ status, retryAfter }: Outcome, nowMs: number): number | null {
  if ((status !== 429 && status !== 503) || retryAfter === null) return null
  const text = retryAfter.trim()
  const date = httpDate(text)
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : date === null ? null : date - nowMs
  return ms === null || ms <= 0 ? null : Math.min(ms, maxRetryAfterMs)
}

/** An HTTP-date of any of the three forms begins with a day's name; Date.parse alone would take `12` for a year. */
function httpDate(text: string): number | null {
  const ms = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isFinite(ms) ? ms : null
}
