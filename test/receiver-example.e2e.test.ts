// The receiver in TypeScript of examples/receivers/; those in Python and Go are run by `npm run examples`.
import { expect, test } from 'vitest'
import { expectedLines, trialOf } from '../testbed/receiver-example.js'

test('the example of a receiver verifies, takes each notification once, and sees a hole', async () => {
  expect(await trialOf([process.execPath, '--import', 'tsx', 'examples/receivers/receiver.ts'])).toEqual(expectedLines)
})
