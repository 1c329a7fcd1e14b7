import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, pause } from '../../src/base/backoff.js'

const options = fc
  .record({ firstMs: fc.integer({ min: 1, max: 10_000 }), times: fc.integer({ min: 1, max: 1000 }) })
  .map(({ firstMs, times }) => ({ firstMs, maxMs: firstMs * times }))
const jitter = fc.double({ min: 0, max: 1, noNaN: true })
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const attempt = fc.integer({ min: 1, max: 5000 })

describe('the delay', () => {
  test.each([
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [6, 32_000],
    [7, 60_000],
    [5000, 60_000],
  ])('before attempt %i is repeated doubles to its cap', (number, delay) => {
    expect(backoffMs(number, { firstMs: 1000, maxMs: 60_000 }, 0.5)).toBe(delay)
  })

  test('is within its jitter, 20 % where none is given', () => {
    expect(backoffMs(1, { firstMs: 1000, maxMs: 1000 }, 0)).toBe(800)
    expect(backoffMs(1, { firstMs: 1000, maxMs: 1000 }, 0.999_999)).toBe(1200)
    fc.assert(
      fc.property(attempt, options, jitter, random, (number, range, share, value) => {
        const middle = backoffMs(number, { ...range, jitter: 0 }, value)
        const delay = backoffMs(number, { ...range, jitter: share }, value)
        expect(Math.abs(delay - middle)).toBeLessThanOrEqual(middle * share + 1)
        expect(delay).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  test('never shrinks from one attempt to the next, nor passes its cap', () => {
    fc.assert(
      fc.property(attempt, options, (number, range) => {
        const [delay, next] = [number, number + 1].map((n) => backoffMs(n, { ...range, jitter: 0 }))
        expect(next).toBeGreaterThanOrEqual(delay ?? Number.NaN)
        expect(next).toBeLessThanOrEqual(range.maxMs)
      }),
    )
  })
})

describe('a pause', () => {
  test('passes', async () => {
    expect(await pause(1, new AbortController().signal)).toBe(true)
  })

  test('ends early, without an error, when it is aborted before or meanwhile', async () => {
    expect(await pause(3_600_000, AbortSignal.abort())).toBe(false)
    const controller = new AbortController()
    const paused = pause(3_600_000, controller.signal)
    controller.abort()
    expect(await paused).toBe(false)
  })
})
