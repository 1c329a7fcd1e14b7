import { expect, test } from 'vitest'
import { readableIdentifier } from '../../src/capture/finding.js'

test.each([
  ['start_time', 'start_time'],
  ['end', '"end"'],
  ['user', '"user"'],
  ['Visits', '"Visits"'],
  ['a"b', '"a""b"'],
  ['état', '"état"'],
])('in SQL for a person, the name %s is %s', (name, printed) => {
  expect(readableIdentifier(name)).toBe(printed)
})
