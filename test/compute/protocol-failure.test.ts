import { expect, test } from 'vitest'
import type { ProtocolOutcome } from '../../src/compute/computed-change.js'
import { failureFacts } from '../../src/compute/protocol-failure.js'

type Failed = Extract<ProtocolOutcome, { tag: 'failed' }>
const failed = (message: string, stack: string | null): Failed => ({
  tag: 'failed',
  protocol: 'Pager',
  cause: 'threw',
  message,
  stack,
})
const frames = '\n    at Pager.compute_results (/opt/protocols/pager.ts:24:15)\n    at async run (/opt/worker.js:1:1)'

test.each<[string, Failed, string | null, string | null]>([
  ['an error', failed('RangeError: Jane', `RangeError: Jane${frames}`), 'RangeError', 'pager.ts:24'],
  ['an error without a message', failed('RangeError: ', `RangeError${frames}`), 'RangeError', 'pager.ts:24'],
  ['a message of many lines', failed('Error: a\nb', `Error: a\nb${frames}`), 'Error', 'pager.ts:24'],
  [
    'a message that looks like a frame',
    failed('Error: x\n    at Jane.ts:1:2', `Error: x\n    at Jane.ts:1:2${frames}`),
    'Error',
    'pager.ts:24',
  ],
  ['an anonymous frame', failed('Error: a', 'Error: a\n    at file:///p/a-b.mjs:7:1'), 'Error', 'a-b.mjs:7'],
  [
    'a built-in frame first',
    failed('Error: a', `Error: a\n    at JSON.parse (<anonymous>)${frames}`),
    'Error',
    'pager.ts:24',
  ],
  ['a thrown string', failed('Jane: late', null), null, null],
  ['a name that is no class’s', failed('Jane Doe: late', `Jane Doe: late${frames}`), null, 'pager.ts:24'],
  ['a stack without frames', failed('Error: a', 'Error: a'), 'Error', null],
])('of %s the log may tell the class and the place', (_, outcome, error, at) => {
  expect(failureFacts(outcome)).toEqual({ cause: 'threw', error, at })
})
