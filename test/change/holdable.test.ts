import fc from 'fast-check'
import { expect, test } from 'vitest'
import { holdable } from '../../src/change/holdable.js'

test('of any list, what the column can hold is left, in its order; a list that it can hold is asked about once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('1', '2', 'bad'), { maxLength: 40 }), async (values) => {
      let asked = 0
      const fits = async (some: readonly string[]) => {
        asked += 1
        return !some.includes('bad')
      }
      const held = values.filter((value) => value !== 'bad')
      expect(await holdable(values, fits)).toEqual(held)
      expect(asked).toBeLessThanOrEqual(held.length === values.length ? 1 : 2 * values.length)
    }),
  )
})
