import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatLsn, maxLsn, parseLsn, toLsn, zeroLsn } from '../../src/capture/lsn.js'

const anyLsn = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(toLsn)

describe('an LSN', () => {
  test.each([
    ['0/0', 0n],
    ['0/1', 1n],
    ['0/16B3748', 23_803_720n],
    ['0/FFFFFFFF', 0xffff_ffffn],
    ['1/0', 0x1_0000_0000n],
    ['1/1', 0x1_0000_0001n],
    ['7FFFFFFF/FFFFFFFF', 0x7fff_ffff_ffff_ffffn],
    ['80000000/0', 0x8000_0000_0000_0000n],
    ['FFFFFFFF/FFFFFFFF', 0xffff_ffff_ffff_ffffn],
  ])('%s is %i', (text, value) => {
    expect(parseLsn(text)).toBe(value)
    expect(formatLsn(toLsn(value))).toBe(text)
  })

  test.each(['00000000/016b3748', '0/16b3748', '0/016B3748', ' 0/16B3748\n'])('is read from %j too', (text) => {
    expect(formatLsn(parseLsn(text))).toBe('0/16B3748')
  })

  test.each(['', '0', '/', '0/', '/0', '0/0/0', '0x1/0', '-1/0', '0/-1', 'G/0', '0 /0', '100000000/0', '0/100000000'])(
    'is not %j',
    (text) => {
      expect(() => parseLsn(text)).toThrow(RangeError)
      expect(() => parseLsn(text)).toThrow('0/16B3748')
    },
  )

  test.each([-1n, 1n << 64n])('is not %i', (value) => {
    expect(() => toLsn(value)).toThrow(RangeError)
  })

  test('is the same after printing and reading, in any padding and case', () => {
    fc.assert(
      fc.property(anyLsn, (lsn) => {
        const text = formatLsn(lsn)
        const padded = text.split('/').map((half) => half.padStart(8, '0'))
        expect(parseLsn(text)).toBe(lsn)
        expect(parseLsn(padded.join('/').toLowerCase())).toBe(lsn)
      }),
    )
  })

  test('is compared as a number', () => {
    expect(maxLsn(parseLsn('0/9'), parseLsn('0/10'))).toBe(0x10n)
    expect(maxLsn(parseLsn('2/0'), parseLsn('10/0'))).toBe(0x10_0000_0000n)
    fc.assert(
      fc.property(anyLsn, anyLsn, (a, b) => {
        expect(maxLsn(a, b)).toBe(maxLsn(b, a))
        expect(maxLsn(a, b) >= a && maxLsn(a, b) >= b).toBe(true)
        expect(maxLsn(zeroLsn, a)).toBe(a)
      }),
    )
  })
})
