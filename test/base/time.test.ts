import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { isoMicros, postgresEpochMicros, steadyNow } from '../../src/base/time.js'

describe('a moment in microseconds', () => {
  test.each([
    [0, '1970-01-01T00:00:00'],
    [1, '1970-01-01T00:00:00.000001'],
    [-1, '1969-12-31T23:59:59.999999'],
    [-1_000_000, '1969-12-31T23:59:59'],
    [-999_999, '1969-12-31T23:59:59.000001'],
    [-2_208_988_800_000_000, '1900-01-01T00:00:00'],
    [postgresEpochMicros, '2000-01-01T00:00:00'],
    [1_662_764_400_123_456, '2022-09-09T23:00:00.123456'],
    [1_662_764_400_120_000, '2022-09-09T23:00:00.120000'],
    [1_709_164_800_000_000, '2024-02-29T00:00:00'],
    [Number.MAX_SAFE_INTEGER, '2255-06-05T23:47:34.740991'],
  ])('%i is %s', (micros, text) => {
    expect(isoMicros(micros)).toBe(`${text}Z`)
  })

  test('is told to the microsecond', () => {
    const century = 100 * 365.25 * 86_400_000_000
    fc.assert(
      fc.property(fc.integer({ min: -century, max: 2 * century }), (micros) => {
        const text = isoMicros(micros)
        const fraction = Number(/\.(\d{6})Z$/.exec(text)?.[1] ?? 0)
        expect(Date.parse(text.replace(/\.\d+Z$/, 'Z')) * 1000 + fraction).toBe(micros)
      }),
    )
  })
})

test('steady time does not follow a system clock that is stepped', () => {
  const before = steadyNow()
  expect(Number.isInteger(before)).toBe(true)
  vi.useFakeTimers({ now: before - 3_600_000, toFake: ['Date'] })
  try {
    expect(Date.now()).toBeLessThan(before)
    expect(steadyNow()).toBeGreaterThanOrEqual(before)
  } finally {
    vi.useRealTimers()
  }
})
