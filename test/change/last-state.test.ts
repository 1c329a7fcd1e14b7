// What a note state is told from where its old row did not come.
import { expect, test } from 'vitest'
import { toldFromLastStates } from '../../src/change/last-state.js'
import { change } from '../compute/changes.js'

test('the key of a deleted row is no image of it: inserted again, the state is what it was', () => {
  const model = 'notestatechangeevent'
  const image = { id: 1, note_id: 26, state: 'CLD' }
  const changes = [
    { ...change({ model, ordinal: 0 }), image },
    { ...change({ model, ordinal: 1, operation: 'delete', withoutOldImage: true }), image: { id: 1 } },
    {
      ...change({ model, ordinal: 2, operation: 'update', withoutOldImage: true, fields: { state: [null, 'CLD'] } }),
      image,
    },
  ]
  const told = toldFromLastStates(changes, { statesBefore: () => new Map() }, new Set(['CLD']))
  expect(told[2]?.oldRowFrom).toBe('image')
  expect(told[2]?.fieldChanges.fields).toEqual({})
  expect(told[2]?.stateBefore).toBeUndefined()
})
