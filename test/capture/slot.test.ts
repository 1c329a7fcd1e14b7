import { describe, expect, test } from 'vitest'
import { GapError, NotReadyError } from '../../src/base/errors.js'
import { toLsn } from '../../src/capture/lsn.js'
import { judgeStart, type SlotFacts, type StartFacts } from '../../src/capture/slot.js'

const slot: SlotFacts = {
  plugin: 'pgoutput',
  slotType: 'logical',
  database: 'clinic',
  active: false,
  walStatus: 'reserved',
  confirmedFlush: toLsn(500n),
  restartLsn: toLsn(400n),
  retainedBytes: 0,
}
const known = {
  systemIdentifier: '7',
  timeline: 1,
  timelineBegan: toLsn(0n),
  durableLsn: toLsn(500n),
  lastCommitAt: '2026-01-01T00:00:00Z',
}
const resumable: StartFacts = {
  slot: 'notifyd',
  known,
  intended: true,
  found: slot,
  database: 'clinic',
  server: { systemIdentifier: '7', timeline: 1, walEnd: toLsn(900n) },
  left: [],
}
const fresh: StartFacts = { ...resumable, known: null, intended: false, found: null }

describe('how to begin', () => {
  test('nothing anywhere: the very first start makes the slot', () => {
    expect(judgeStart(fresh)).toEqual({ tag: 'create' })
  })

  test('a crash between the noted intent and the slot: make it', () => {
    expect(judgeStart({ ...fresh, intended: true })).toEqual({ tag: 'create' })
  })

  test('a crash between the slot and the journal’s record of it: adopt what the intent made', () => {
    expect(judgeStart({ ...fresh, intended: true, found: slot })).toEqual({ tag: 'adopt', from: 500n })
  })

  test('resumes at the journal’s durable LSN; where the slot lies below it, from there up to it', () => {
    const resumed = { tag: 'resume', from: 500n, until: 500n, promoted: false }
    expect(judgeStart(resumable)).toEqual(resumed)
    const behind = { ...slot, confirmedFlush: toLsn(300n) }
    expect(judgeStart({ ...resumable, found: behind })).toEqual({ ...resumed, from: 300n })
  })
})

describe('a higher timeline', () => {
  const promoted = { ...resumable, server: { ...resumable.server, timeline: 3 } }
  const left = (timeline: number, switchLsn: bigint) => ({ timeline, switchLsn: toLsn(switchLsn) })

  test.each([500n, 501n])('that began behind the journal’s end (at %d) is a planned promotion', (switchLsn) => {
    const facts = { ...promoted, left: [left(1, switchLsn), left(2, 600n)] }
    expect(judgeStart(facts)).toEqual({ tag: 'resume', from: 500n, until: 500n, promoted: true })
  })

  test.each([
    ['began before it', [left(1, 499n), left(2, 600n)]],
    ['never knew the journal’s', [left(2, 600n)]],
    ['has no history', []],
  ])('that %s is a gap', (_, switches) => {
    expect(() => judgeStart({ ...promoted, left: switches })).toThrow(/left the journal's \(1\)/)
  })

  test('of the journal’s number that began elsewhere is a gap; an older version’s journal does not say where', () => {
    const second = { ...promoted, server: { ...promoted.server, timeline: 2 }, left: [left(1, 450n)] }
    const onIt = (timelineBegan: bigint | null) => ({
      ...second,
      known: { ...known, timeline: 2, timelineBegan: timelineBegan === null ? null : toLsn(timelineBegan) },
    })
    expect(() => judgeStart(onIt(440n))).toThrow(/timeline 2 .* at 0\/1C2, .* at 0\/1B8: one backup was promoted twice/)
    for (const began of [450n, null]) expect(judgeStart(onIt(began))).toMatchObject({ tag: 'resume', promoted: false })
    expect(judgeStart({ ...onIt(440n), left: [] })).toMatchObject({ tag: 'resume' })
  })
})

describe('a gap is named, and halts', () => {
  test.each<[string, Partial<StartFacts>, string]>([
    ['a new journal beside an old slot', { known: null, intended: false }, 'journal is new'],
    ['another cluster', { server: { ...resumable.server, systemIdentifier: '8' } }, 'another database cluster'],
    ['a server behind the journal', { server: { ...resumable.server, walEnd: toLsn(499n) } }, 'behind the journal'],
    ['another timeline', { server: { ...resumable.server, timeline: 2 } }, 'timeline'],
    ['no slot', { found: null }, 'missing'],
    ['a lost slot', { found: { ...slot, walStatus: 'lost' } }, 'lost'],
    ['an invalidated slot', { found: { ...slot, restartLsn: null } }, 'lost'],
    ['a slot that someone advanced', { found: { ...slot, confirmedFlush: toLsn(501n) } }, 'ahead of the journal'],
  ])('%s', (_name, facts, reason) => {
    const act = () => judgeStart({ ...resumable, ...facts })
    expect(act).toThrow(GapError)
    expect(act).toThrow(reason)
    expect(act).toThrow('notifyd')
  })

  test('says from where to where, and when the last commit was seen', () => {
    expect(() => judgeStart({ ...resumable, found: null })).toThrow(
      /from 0\/1F4 to 0\/384, 400 bytes of WAL.*2026-01-01T00:00:00Z/,
    )
  })
})

test.each([
  ['physical', { slotType: 'physical' }],
  ['another plugin', { plugin: 'wal2json' }],
  ['another database', { database: 'billing' }],
])('a slot of another kind (%s) is refused, not used', (_name, facts) => {
  expect(() => judgeStart({ ...resumable, found: { ...slot, ...facts } })).toThrow(NotReadyError)
})
