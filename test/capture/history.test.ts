import { describe, expect, test } from 'vitest'
import { type History, segmentAt, segmentOf, timelineOf } from '../../src/capture/history.js'
import { toLsn } from '../../src/capture/lsn.js'

const left = (timeline: number, switchLsn: bigint) => ({ timeline, switchLsn: toLsn(switchLsn) })
/** 1 until 100, then 2 until 200, then 4. */
const history: History = { timeline: 4, left: [left(1, 100n), left(2, 200n)] }

describe('a server’s history', () => {
  test.each([
    [1n, 1],
    [99n, 1],
    [100n, 2],
    [199n, 2],
    [200n, 4],
    [999n, 4],
  ])('what begins at %d was written by timeline %d', (lsn, timeline) => {
    expect(timelineOf(history, toLsn(lsn))).toBe(timeline)
  })

  test('a position at a switchpoint belongs to what lies before it', () => {
    expect([0n, 100n, 101n, 200n].map((lsn) => segmentAt(history, toLsn(lsn)).timeline)).toEqual([1, 1, 2, 2])
  })

  test('each timeline has its beginning and its end in it, and others have none', () => {
    expect(segmentOf(history, 1)).toEqual({ timeline: 1, began: 0n, ended: 100n })
    expect(segmentOf(history, 2)).toEqual({ timeline: 2, began: 100n, ended: 200n })
    expect(segmentOf(history, 4)).toEqual({ timeline: 4, began: 200n, ended: null })
    expect(segmentOf(history, 3)).toBeNull()
  })

  test('a first timeline began at 0; one whose file of history was lost began somewhere', () => {
    expect(segmentOf({ timeline: 1, left: [] }, 1)).toEqual({ timeline: 1, began: 0n, ended: null })
    expect(segmentOf({ timeline: 3, left: [] }, 3)).toEqual({ timeline: 3, began: null, ended: null })
  })
})
