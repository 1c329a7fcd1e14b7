import { describe, expect, test } from 'vitest'
import type { CapturedBatch } from '../../src/capture/capture.js'
import type { Commit } from '../../src/capture/change-message.js'
import { CommitCheck } from '../../src/capture/commit-check.js'
import { toLsn } from '../../src/capture/lsn.js'

/** Committed at its LSN, in the year of the test. */
const commit = (lsn: number, at = lsn): Commit => ({ lsn: toLsn(BigInt(lsn)), at })
const ended = (lsn: number, at = lsn) => ({ ...commit(lsn, at), endLsn: toLsn(BigInt(lsn) + 5n) })
const piece = (lsn: number, isLast = true, at = lsn) => ({
  commitLsn: toLsn(BigInt(lsn)),
  committedAt: at,
  changes: [],
  rows: 1,
  endLsn: isLast ? toLsn(BigInt(lsn) + 5n) : null,
})

/** What came: whole transactions, and the beginning of another one. */
function batch(lsns: readonly number[], beginning: number | null = null): CapturedBatch {
  const commits = lsns.map((lsn) => ended(lsn))
  const pieces = lsns.map((lsn) => piece(lsn))
  return {
    commits,
    pieces: beginning === null ? pieces : [...pieces, piece(beginning, false)],
    checkpointLsn: commits.at(-1)?.endLsn ?? null,
  }
}

const keepalive = (lsn: number): CapturedBatch => ({ commits: [], pieces: [], checkpointLsn: toLsn(BigInt(lsn)) })

/** The slot is at 100 and the journal at 200; it remembers 110, 150 and 190, and what is older than that. */
const check = (open: Commit | null = null, rememberedFrom = 50, from = 100) =>
  new CommitCheck({
    from: toLsn(BigInt(from)),
    until: toLsn(200n),
    remembered: { from: toLsn(BigInt(rememberedFrom)), commits: [60, 110, 150, 190].map((lsn) => commit(lsn)), open },
  })

describe('the same history', () => {
  test('gives again what is in the journal, and then what is not', () => {
    const held = check()
    const first = batch([110, 150])
    expect(held.hold(first)).toBeNull()
    expect(held.isOver).toBe(false)
    expect(held.news(first)).toEqual({ pieces: [], commits: [], checkpointLsn: null })
    const second = batch([190, 200], 230)
    expect(held.hold(second)).toBeNull()
    expect(held.isOver).toBe(true)
    expect(held.news(second)).toEqual({ ...batch([200], 230) })
  })

  test('is known by a keepalive at the journal’s end too', () => {
    const held = check()
    expect(held.hold(keepalive(120))).toBeNull()
    expect(held.hold(batch([110, 150, 190]))).toBeNull()
    expect(held.isOver).toBe(false)
    expect(held.hold(keepalive(200))).toBeNull()
    expect(held.isOver).toBe(true)
    expect(held.news(keepalive(200)).checkpointLsn).toBeNull()
    expect(held.news(keepalive(201)).checkpointLsn).toBe(201n)
  })

  test('has nothing to be held where the slot is at the journal’s end', () => {
    expect(check(null, 50, 200).isOver).toBe(true)
  })

  test('may have commits that are older than the journal remembers', () => {
    const held = check(null, 150)
    expect(held.hold(batch([105, 110, 120, 150, 190, 210]))).toBeNull()
    expect(held.isOver).toBe(true)
  })

  test('goes on with the transaction of which the journal has the beginning', () => {
    const held = check(commit(240))
    expect(held.hold(batch([110, 150, 190]))).toBeNull()
    expect(held.hold(keepalive(230))).toBeNull()
    expect(held.isOver).toBe(false)
    const rest = batch([], 240)
    expect(held.hold(rest)).toBeNull()
    expect(held.news(rest)).toEqual(rest)
  })
})

test('where the slot is at the journal’s end, what the journal has the beginning of must come', () => {
  const held = check(commit(240), 50, 200)
  expect(held.isOver).toBe(false)
  // Up to its commit, which is not yet there.
  expect(held.hold(keepalive(240))).toBeNull()
  expect(held.isOver).toBe(false)
  expect(held.hold(batch([240]))).toBeNull()
  expect(held.isOver).toBe(true)
  expect(check(commit(240), 50, 200).hold(batch([230]))).toMatchObject({ tag: 'missing', good: 200n })
})

describe('another history', () => {
  test.each<[string, CommitCheck, readonly CapturedBatch[], readonly ['unknown' | 'missing', number, number]]>([
    ['has a commit that the journal never saw', check(), [batch([110, 130])], ['unknown', 130, 115]],
    ['has one behind all that the journal saw', check(), [batch([110, 150, 190, 195])], ['unknown', 195, 195]],
    ['lacks one', check(), [batch([110, 190])], ['missing', 150, 115]],
    ['lacks the last', check(), [batch([110, 150]), keepalive(200)], ['missing', 190, 155]],
    ['lacks all', check(), [batch([210])], ['missing', 110, 100]],
    ['lacks the one that was open', check(commit(240)), [batch([110, 150, 190, 250])], ['missing', 240, 200]],
    ['has another before it', check(commit(240)), [batch([110, 150, 190], 220)], ['missing', 240, 200]],
    ['never comes by it', check(commit(240)), [batch([110, 150, 190]), keepalive(241)], ['missing', 240, 200]],
  ])('%s', (_, held, batches, [tag, lsn, good]) => {
    const found = batches.map((one) => held.hold(one))
    expect(found.slice(0, -1)).toEqual(found.slice(0, -1).map(() => null))
    expect(found.at(-1)).toMatchObject({ tag, commit: { lsn: BigInt(lsn) }, good: BigInt(good) })
  })

  test('has a commit of nothing that is followed before the one that was open', () => {
    const other = { ...batch([], 240), commits: [ended(210)], checkpointLsn: toLsn(215n) }
    expect(check(commit(240), 50, 200).hold(other)).toMatchObject({ tag: 'missing', commit: { lsn: 240n } })
  })

  test('has the same LSN at another time', () => {
    const other = { ...batch([]), commits: [ended(110, 111)], checkpointLsn: toLsn(115n) }
    expect(check().hold(other)).toMatchObject({ tag: 'missing', commit: { lsn: 110n, at: 110 } })
  })
})
