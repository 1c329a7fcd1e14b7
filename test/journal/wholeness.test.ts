// Which gaps are told: those that may lie in what the journal calls whole, and hide what is asked about; in doubt one is.
import { expect, test } from 'vitest'
import { parseLsn } from '../../src/capture/lsn.js'
import type { Gap } from '../../src/journal/gaps.js'
import { butFor, gapsInside, mayHide } from '../../src/journal/wholeness.js'

const gap = (from: string, to: string, resumedAt: number | null = 3): Gap => ({
  id: 1,
  kind: 'publication changed',
  slot: 'notifyd',
  reason: '',
  from,
  to,
  bytes: null,
  lastCommitAt: null,
  foundAt: 1,
  acceptedAt: resumedAt === null ? null : 2,
  resumedAt,
})
const whole = { completeFromLsn: parseLsn('0/200') }
const isInside = (one: Gap) => gapsInside(whole, [one]).length === 1

test('a gap that ended where the whole begins lies before it; one without a known end may lie in it', () => {
  expect(isInside(gap('0/100', '0/200'))).toBe(false)
  expect(isInside(gap('unknown', '0/200'))).toBe(false)
  expect(isInside(gap('0/100', '0/201'))).toBe(true)
  expect(isInside(gap('0/100', 'unknown'))).toBe(false)
  expect(isInside(gap('0/200', 'unknown'))).toBe(true)
  expect(isInside(gap('0/100', '0/200', null))).toBe(true)
})

test('it may hide what lies between its ends, themselves included, and everything behind its beginning until it has an end', () => {
  const hides = (one: Gap, from: string, to: string | null = from) =>
    mayHide(one, parseLsn(from), to === null ? null : parseLsn(to))
  const closed = gap('0/300', '0/400')
  expect(['0/2FF', '0/300', '0/400', '0/401'].map((at) => hides(closed, at))).toEqual([false, true, true, false])
  expect([hides(closed, '0/100', '0/350'), hides(closed, '0/350', null), hides(closed, '0/401', null)]).toEqual([
    true,
    true,
    false,
  ])
  expect(hides(gap('0/300', '0/400', null), '0/999')).toBe(true)
  expect(hides(gap('0/300', '0/400', null), '0/200')).toBe(false)
  // Ends in another history, whose LSNs are lower.
  expect(hides(gap('0/300', '0/100'), '0/200')).toBe(true)
})

test('how many there are is said', () => {
  expect([[], [gap('0/1', '0/2')], [gap('0/1', '0/2'), gap('0/3', '0/4')]].map(butFor)).toEqual([
    '',
    ', but for a gap',
    ', but for 2 gaps',
  ])
})
