// Where a gap in what is published begins: at the last look that found it right.
import { expect, test } from 'vitest'
import { drift } from '../src/same-publication.js'
import { lsn, openJournal } from './journal/opened.js'

const seen = (at: number) => ({ fingerprint: 'f', tables: new Map<number, string>(), atLsn: lsn(at) })

test('it begins at the last look that found it right, not behind what was decoded since', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  await journal.recordPublication(seen(0x20))
  const options = { journal, slot: 's', publication: 'notifyd' }
  expect(drift('changed', lsn(0x40), options)).toMatchObject({ from: '0/20', to: '0/40', bytes: 0x20 })
  expect(drift('changed', null, options)).toMatchObject({ from: '0/20', to: 'unknown', bytes: null })
  // A server that was set back says less than it did: what it saw later is no place in its history.
  expect(drift('changed', lsn(0x10), options)).toMatchObject({ from: '0/1', to: '0/10', bytes: 0xf })
})

test('nobody has looked: it begins where the journal ends', async () => {
  await using opened = await openJournal()
  const options = { journal: opened.journal, slot: 's', publication: 'notifyd' }
  expect(drift('changed', lsn(0x40), options)).toMatchObject({ from: '0/1', to: '0/40' })
})
