// What the journal knows of a note state that came without its old row: the last that was seen, and nothing that may be old.
import { expect, test } from 'vitest'
import { change } from '../compute/changes.js'
import { append, lsn, openJournal } from './opened.js'

const state = (id: number, text: string, commitLsn: number, owes = false) => {
  const parts = { model: 'notestatechangeevent', commitLsn: BigInt(commitLsn) }
  const image = { id, note_id: 26, state: text }
  const one = {
    protocol: 'AppointmentNotification',
    endpoint: 'desk',
    url: null,
    notification: 'cancelled',
    headers: {},
  }
  const notifications = owes ? [{ ...one, webhookId: `msg_${commitLsn}`, body: '{}' }] : []
  return { ...change(parts), image, outcomes: [], notifications }
}

test('the last state of each is known, and none that a forgotten one may have followed', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const states = () =>
    [...journal.states.statesBefore(new Set(['1', '2', '3']))].map(([id, image]) => [id, image['state']])
  await append(journal, [state(1, 'CLD', 100, true), state(2, 'BKD', 101), state(1, 'RST', 102)], lsn(200))
  expect(states()).toEqual([
    ['1', 'RST'],
    ['2', 'BKD'],
  ])
  // What is owed keeps the first one, and the one behind it goes: nobody knows the state of 1 any more.
  const pruned = await journal.upkeep.prune(
    { settled: Date.now() + 60_000, disclosed: 0, ended: 0 },
    new AbortController().signal,
  )
  expect(pruned.changes).toBe(2)
  expect(states()).toEqual([])
  await append(journal, [state(3, 'CVD', 300)], lsn(400))
  expect(states()).toEqual([['3', 'CVD']])
})
