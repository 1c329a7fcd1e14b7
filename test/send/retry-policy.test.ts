import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, isUnhealthy, type Outcome, refused } from '../../src/send/retry-policy.js'

const answered = (status: number, retryAfter: string | null = null): Outcome => ({
  status,
  error: status >= 200 && status < 300 ? null : `http ${status}`,
  retryAfter,
  isStale: false,
})
const failed = (error: string, isStale = false): Outcome => ({ status: null, error, retryAfter: null, isStale })
const schedule = [5, 30, 120]
const now = Date.parse('2026-11-23T12:00:00Z')
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('any 2xx is a success, and nothing else', () => {
  for (let status = 200; status < 600; status += 1) {
    const isDelivered = decide(answered(status), 1, schedule, now, 0.5).tag === 'delivered'
    expect([status, isDelivered]).toEqual([status, status < 300])
  }
})

test('every failure is tried again within ±20 % of the schedule, until it is used up', () => {
  const outcomes = fc.constantFrom(
    answered(500),
    answered(302),
    answered(404),
    failed('timeout'),
    failed('ECONNREFUSED'),
  )
  fc.assert(
    fc.property(outcomes, fc.integer({ min: 1, max: 6 }), unit, (outcome, attempt, random) => {
      const decision = decide(outcome, attempt, schedule, now, random)
      const seconds = schedule[attempt - 1]
      if (seconds === undefined) {
        expect(decision).toEqual({ tag: 'dead', pauseUntil: null })
        return
      }
      if (decision.tag !== 'retry') throw new Error('it is to be tried again')
      expect(decision.retryAt - now).toBeGreaterThanOrEqual(seconds * 800)
      expect(decision.retryAt - now).toBeLessThanOrEqual(seconds * 1200)
      expect(decision.pauseUntil).toBeNull()
    }),
  )
})

test('410 is dead at once', () => {
  expect(decide(answered(410), 1, schedule, now, 0.5)).toEqual({ tag: 'dead', pauseUntil: null })
})

test('a connection that the server had closed meanwhile is tried again nearly at once, one time', () => {
  expect(decide(failed('connection closed', true), 1, schedule, now, 0.5)).toMatchObject({ retryAt: now + 100 })
  expect(decide(failed('connection closed', true), 2, schedule, now, 0.5)).toMatchObject({ retryAt: now + 30_000 })
})

describe('Retry-After', () => {
  const day = 24 * 3_600_000
  test.each([
    ['60', 60_000],
    [' 60 ', 60_000],
    ['1', 1_000],
    ['Mon, 23 Nov 2026 12:02:00 GMT', 120_000],
    ['Monday, 23-Nov-26 12:02:00 GMT', 120_000],
    ['315360000', day],
    ['99999999999999999999', day],
    ['Fri, 31 Dec 2399 23:59:59 GMT', day],
  ])('%j pauses the endpoint', (header, ms) => {
    for (const status of [429, 503]) {
      const decision = decide(answered(status, header), 1, schedule, now, 0.5)
      expect(decision).toEqual({ tag: 'retry', retryAt: now + Math.max(ms, 5000), pauseUntil: now + ms })
    }
  })

  test.each(['0', 'Mon, 23 Nov 2026 11:00:00 GMT', 'soon', '', '-5', '1.5', '2026-12-01', 'Mon, 99 Nov'])(
    '%j is not heeded',
    (header) => {
      expect(decide(answered(503, header), 1, schedule, now, 0.5)).toEqual({
        tag: 'retry',
        retryAt: now + 5000,
        pauseUntil: null,
      })
    },
  )

  test('pauses the endpoint also when it was the last attempt', () => {
    expect(decide(answered(429, '60'), 4, schedule, now, 0.5)).toEqual({ tag: 'dead', pauseUntil: now + 60_000 })
  })

  test('of any other answer is not heeded', () => {
    expect(decide(answered(500, '600'), 1, schedule, now, 0.5)).toMatchObject({ pauseUntil: null })
  })
})

test('transport errors, time-outs, 429 and 5xx speak of the endpoint’s health; other answers do not', () => {
  const unhealthy = [failed('ECONNREFUSED'), failed('timeout'), answered(429), answered(500), answered(503)]
  expect(unhealthy.map(isUnhealthy)).toEqual(unhealthy.map(() => true))
  const others = [
    answered(204),
    answered(302),
    answered(400),
    answered(404),
    answered(410),
    failed(refused),
    failed('x', true),
  ]
  expect(others.map(isUnhealthy)).toEqual(others.map(() => false))
  // The headers came, the end of the body never did.
  for (const error of ['timeout', 'ECONNRESET', 'connection closed']) {
    for (const status of [200, 404]) {
      expect(isUnhealthy({ status, error, retryAfter: null, isStale: false })).toBe(true)
    }
  }
})
