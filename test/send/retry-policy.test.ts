import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, isUnhealthy, type Outcome, refused, type Tried } from '../../src/send/retry-policy.js'

const answered = (status: number, retryAfter: string | null = null): Outcome => ({
  status,
  error: status >= 200 && status < 300 ? null : `http ${status}`,
  retryAfter,
  isStale: false,
})
const failed = (error: string, isStale = false): Outcome => ({ status: null, error, retryAfter: null, isStale })
const tried = (number: number, steps = number - 1): Tried => ({ number, steps, dueInMs: null })
const schedule = [5, 30, 120]
const now = Date.parse('2026-11-23T12:00:00Z')
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('any 2xx is a success, and nothing else', () => {
  for (let status = 200; status < 600; status += 1) {
    const isDelivered = decide(answered(status), tried(1), schedule, now, 0.5).tag === 'delivered'
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
      const decision = decide(outcome, tried(attempt), schedule, now, random)
      const seconds = schedule[attempt - 1]
      if (seconds === undefined) {
        expect(decision).toEqual({ tag: 'dead', pauseMs: null })
        return
      }
      if (decision.tag !== 'retry') throw new Error('it is to be tried again')
      expect(decision.waitMs).toBeGreaterThanOrEqual(seconds * 800)
      expect(decision.waitMs).toBeLessThanOrEqual(seconds * 1200)
      expect([decision.steps, decision.pauseMs]).toEqual([attempt, null])
    }),
  )
})

test('410 is dead at once', () => {
  expect(decide(answered(410), tried(1), schedule, now, 0.5)).toEqual({ tag: 'dead', pauseMs: null })
})

test('an attempt before its time uses up no step, and is not the last one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 3 }),
      fc.nat(100_000),
      (number, steps, dueInMs) => {
        const early = { number, steps, dueInMs }
        const wait = { tag: 'retry', waitMs: dueInMs, steps, pauseMs: null }
        expect(decide(failed('ECONNREFUSED'), early, schedule, now, 0.5)).toEqual(wait)
        const asked = Math.max(dueInMs, 60_000)
        expect(decide(answered(503, '60'), early, schedule, now, 0.5)).toEqual({
          ...wait,
          waitMs: asked,
          pauseMs: 60_000,
        })
      },
    ),
  )
  expect(decide(answered(410), { number: 2, steps: 1, dueInMs: 9 }, schedule, now, 0.5).tag).toBe('dead')
})

test('a connection that the server had closed meanwhile is tried again nearly at once, one time', () => {
  expect(decide(failed('connection closed', true), tried(1), schedule, now, 0.5)).toMatchObject({
    waitMs: 100,
    steps: 0,
  })
  expect(decide(failed('connection closed', true), tried(2, 0), schedule, now, 0.5)).toMatchObject({
    waitMs: 5_000,
    steps: 1,
  })
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
      const decision = decide(answered(status, header), tried(1), schedule, now, 0.5)
      expect(decision).toEqual({ tag: 'retry', waitMs: Math.max(ms, 5000), steps: 1, pauseMs: ms })
    }
  })

  test.each(['0', 'Mon, 23 Nov 2026 11:00:00 GMT', 'soon', '', '-5', '1.5', '2026-12-01', 'Mon, 99 Nov'])(
    '%j is not heeded',
    (header) => {
      expect(decide(answered(503, header), tried(1), schedule, now, 0.5)).toEqual({
        tag: 'retry',
        waitMs: 5000,
        steps: 1,
        pauseMs: null,
      })
    },
  )

  test('pauses the endpoint also when it was the last attempt', () => {
    expect(decide(answered(429, '60'), tried(4), schedule, now, 0.5)).toEqual({ tag: 'dead', pauseMs: 60_000 })
  })

  test('of any other answer is not heeded', () => {
    expect(decide(answered(500, '600'), tried(1), schedule, now, 0.5)).toMatchObject({ pauseMs: null })
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
