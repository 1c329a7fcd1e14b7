import { expect, test } from 'vitest'
import { UsageError } from '../../src/base/errors.js'
import { parseLsn } from '../../src/capture/lsn.js'
import { momentOf, placeOf } from '../../src/terminal/moment.js'

test('a time has its zone, and a date is its midnight in UTC', () => {
  expect(momentOf('--from', '2026-11-01')).toBe(Date.UTC(2026, 10, 1))
  expect(momentOf('--from', '2026-11-24T08:00-05:00')).toBe(Date.UTC(2026, 10, 24, 13))
  expect(momentOf('--from', '2026-11-01T08:00:00Z')).toBe(Date.UTC(2026, 10, 1, 8))
  expect(momentOf('--from', '2026-11-01T08:00:00.250+02:00')).toBe(Date.UTC(2026, 10, 1, 6, 0, 0, 250))
})

test.each(['', '1', 'soon', '2026-02-30', '2026-13-01', 'Nov 1 2026', '2026-11-01T08:00:00', '2026-11-01 08:00Z'])(
  'no time: "%s"',
  (text) => {
    expect(() => momentOf('--to', text)).toThrow(UsageError)
  },
)

test.each([
  ['30s', 30_000],
  ['90m', 5_400_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
])('%s is so long ago', (text, agoMs) => {
  expect(momentOf('--from', text, 1_000_000_000_000)).toBe(1_000_000_000_000 - agoMs)
})

test('a place is an LSN or a time', () => {
  expect(placeOf('--from', '0/016B3748')).toEqual({ tag: 'lsn', lsn: parseLsn('0/16B3748') })
  expect(placeOf('--from', '2h', 7_200_001)).toEqual({ tag: 'time', at: 1 })
  for (const none of ['2', 'h', '2 h', '-2h', '2w', '1/2/3', 'x/y', '0x1/2']) {
    expect(() => placeOf('--from', none), none).toThrow(/expected an LSN like 0\/16B3748, or a time/)
  }
})
