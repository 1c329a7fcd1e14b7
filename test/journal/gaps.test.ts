// Gaps in a real journal: what is found again, what is another one, and what an operator's word ends.
import { expect, test } from 'vitest'
import type { GapFacts } from '../../src/base/errors.js'
import { lsn, openJournal } from './opened.js'

const facts = (more: Partial<GapFacts> = {}): GapFacts => ({
  kind: 'publication changed',
  slot: 's',
  reason: 'changed',
  from: '0/10',
  to: '0/20',
  bytes: 16,
  lastCommitAt: null,
  ...more,
})

test('found again it is the same one, from where it began, and as large as that', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  await journal.recordGap(facts())
  await journal.recordGap(facts({ from: '0/18', to: '0/30', bytes: 24 }))
  expect(journal.gaps()).toMatchObject([{ from: '0/10', to: '0/30', bytes: 32 }])
})

test('one of another kind is another one, and both wait for an operator', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  await journal.recordGap(facts())
  await journal.recordGap(facts({ kind: 'slot is lost' }))
  expect(journal.gaps().map(({ kind }) => kind)).toEqual(['publication changed', 'slot is lost'])
  expect(journal.openGap()?.kind).toBe('publication changed')
  expect(await journal.acceptGaps()).toBe(2)
  expect(journal.openGap()).toBeNull()
  // Found once more behind an operator's word, it is a new one.
  await journal.recordGap(facts({ from: '0/40', to: '0/50' }))
  expect(journal.openGap()).toMatchObject({ from: '0/40', acceptedAt: null })
})

test('a table that took over a followed one’s name is followed from the gap’s end on, and not before', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  await journal.recordGap(facts({ table: { oid: 4711, model: 'appointment' } }))
  await journal.acceptGaps()
  expect(journal.knownTables().has(4711)).toBe(false)
  await journal.goOnBehindGaps(lsn(0x20), { lsn: lsn(0x20), reached: null }, [])
  expect(journal.knownTables().get(4711)).toBe('appointment')
})
