// What is printed of errors that could quote a patient.
import { expect, test } from 'vitest'
import { defect, messageOf } from '../src/defect.js'

const ofServer = (code: string) =>
  Object.assign(new Error('invalid input: "Jane Doe"'), { severity: 'ERROR', code, detail: 'Key (name)=(Jane Doe)' })

test('a defect is told by its class, code and place, not by its message, however many lines that has', () => {
  const error = new SyntaxError('Unexpected token "Jane"\n  Doe\n    at {"name": "Jane Doe"}\nJane')
  const text = defect(error, 'report it')
  expect(text).toMatch(/^SyntaxError: report it\n +at .*defect\.test\.ts:/)
  expect(text).not.toMatch(/Jane|Doe/)
  error.message = 'another'
  expect(defect(error, 'x')).toBe('SyntaxError: x')
  expect(defect(ofServer('22P02'), 'x')).toMatch(/^Error \(22P02\): x\n/)
  expect(defect('Jane Doe', 'x')).toBe('string: x')
})

test('what a server says of values is left out, what it says of objects is not', () => {
  for (const code of ['22P02', '22001', '23505', 'P0001', 'XX000']) {
    expect(messageOf(ofServer(code))).toBe(`the database could not answer: SQLSTATE ${code}`)
  }
  expect(messageOf(ofServer('42501'))).toBe('invalid input: "Jane Doe"')
  expect(messageOf(new Error('connect ECONNREFUSED 127.0.0.1:1'))).toBe('connect ECONNREFUSED 127.0.0.1:1')
  expect(messageOf('Jane Doe')).toBe('a string was thrown')
})
