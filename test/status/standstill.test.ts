import { expect, test } from 'vitest'
import { StreamEnds } from '../../src/status/standstill.js'

const minute = 60_000

/** Streams, and ends `lastedMs` later. */
function end(ends: StreamEnds, code: string, lsn: string, lastedMs = 10): number {
  ends.up(0)
  return ends.ended(code, lsn, lastedMs)
}

test('the third end in a row with one code at one place is a standstill', () => {
  const ends = new StreamEnds()
  expect([end(ends, '22021', '0/10'), end(ends, '22021', '0/10'), ends.standstill]).toEqual([1, 2, null])
  expect([end(ends, '22021', '0/10'), ends.standstill]).toEqual([3, { code: '22021', lsn: '0/10', times: 3 }])
  ends.reached('0/10')
  expect(ends.standstill?.times).toBe(3)
  ends.reached('0/18')
  expect(ends.standstill).toBeNull()
  expect(end(ends, '22021', '0/18')).toBe(1)
})

test('another code, another place, a stream that lasted, and one that never came up are none', () => {
  const ends = new StreamEnds()
  expect([end(ends, '57P01', '0/10'), end(ends, 'ECONNRESET', '0/10'), end(ends, 'ECONNRESET', '0/18')]).toEqual([
    1, 1, 1,
  ])
  expect([end(ends, 'ECONNRESET', '0/18', 11 * minute), end(ends, 'ECONNRESET', '0/18')]).toEqual([1, 2])
  expect([ends.ended('ECONNREFUSED', '0/18', 0), end(ends, 'ECONNRESET', '0/18')]).toEqual([0, 3])
})
