import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toLsn, zeroLsn } from '../../src/capture/lsn.js'
import { Reach } from '../../src/status/reach.js'

const at = (end: number) => ({ serverEnd: toLsn(BigInt(end)), retainedBytes: 7, safeBytes: null })

function stream(from = 0) {
  const position = { reachedLsn: toLsn(BigInt(from)), receivedLsn: zeroLsn }
  const reach = new Reach(position)
  const move = (to: number) => {
    position.reachedLsn = toLsn(BigInt(to))
  }
  return { reach, move }
}

test('before the server was looked at nothing is known', () => {
  const { reach } = stream()
  expect(reach.distance(0)).toEqual({ isReached: false, lagBytes: null, lagMs: null })
  expect(reach.look).toBeNull()
})

test('in a backlog the end is reached only when what was written last is, too', () => {
  const { reach, move } = stream()
  for (const seconds of [0, 10, 20, 30, 40]) reach.saw(at(1000 + seconds), seconds * 1000)
  expect(reach.distance(40_000)).toEqual({ isReached: false, lagBytes: 1040, lagMs: 40_000 })
  move(1000)
  expect(reach.distance(41_000)).toEqual({ isReached: false, lagBytes: 40, lagMs: 31_000 })
  move(1010)
  expect(reach.distance(41_000)).toEqual({ isReached: true, lagBytes: 30, lagMs: 21_000 })
  move(1040)
  expect(reach.distance(41_000)).toEqual({ isReached: true, lagBytes: 0, lagMs: 0 })
})

test('a first look that is not reached yet is not ready, however young', () => {
  const { reach, move } = stream()
  reach.saw(at(1), 0)
  expect(reach.distance(0).isReached).toBe(false)
  move(1)
  expect(reach.distance(0).isReached).toBe(true)
})

test('what stands still for longer than a moment’s work is not reaching', () => {
  const { reach } = stream(5)
  reach.saw(at(5), 0)
  expect(reach.distance(1_000).isReached).toBe(true)
  reach.saw(at(6), 10_000)
  expect(reach.distance(40_000).isReached).toBe(true)
  reach.saw(at(6), 40_000)
  expect(reach.distance(40_001).isReached).toBe(false)
})

test('an old look says nothing of now', () => {
  const { reach } = stream(5)
  reach.saw(at(5), 0)
  expect([reach.distance(60_000).isReached, reach.distance(60_001).isReached]).toEqual([true, false])
  expect(reach.look).toMatchObject({ retainedBytes: 7 })
})

test('the age of a backlog of days is not forgotten, in bounded memory', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000 }), (looks) => {
      const { reach, move } = stream()
      for (let look = 0; look < looks; look += 1) reach.saw(at(look + 1), look * 10_000)
      expect(reach.distance(looks * 10_000).lagMs).toBe(looks * 10_000)
      move(looks)
      expect(reach.distance(looks * 10_000)).toEqual({ isReached: true, lagBytes: 0, lagMs: 0 })
    }),
    { numRuns: 20 },
  )
})
