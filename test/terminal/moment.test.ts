import { expect, test } from 'vitest'
import { UsageError } from '../../src/base/errors.js'
import { momentOf } from '../../src/terminal/moment.js'

test('a time has its zone, and a date is its midnight in UTC', () => {
  expect(momentOf('--from', '2026-11-01')).toBe(Date.UTC(2026, 10, 1))
  expect(momentOf('--from', '2026-11-01T08:00:00Z')).toBe(Date.UTC(2026, 10, 1, 8))
  expect(momentOf('--from', '2026-11-01T08:00:00.250+02:00')).toBe(Date.UTC(2026, 10, 1, 6, 0, 0, 250))
})

test.each(['', '1', 'soon', '2026-02-30', '2026-13-01', 'Nov 1 2026', '2026-11-01T08:00:00', '2026-11-01 08:00Z'])(
  'no time: "%s"',
  (text) => {
    expect(() => momentOf('--to', text)).toThrow(UsageError)
  },
)
