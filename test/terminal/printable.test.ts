// What is printed cannot act, as laws: of single texts, of JSON, and of lines of the log.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logLine } from '../../src/terminal/log-line.js'
import { jsonText, printable, printableLines } from '../../src/terminal/printable.js'
import { acting } from '../support/acting.js'

const anyText = fc.string({ unit: fc.oneof(fc.nat(0x10ffff), fc.nat(0xff)).map((code) => String.fromCodePoint(code)) })

test('a text that could act is shown as its escapes, which bash reads back; every other one as it is', () => {
  expect(printable('\u001b[2J\r\n\t\u0000\u007f\u009b31m\u202e\u2028\u{e0041}\ud800')).toBe(
    String.raw`\x1b[2J\r\n\t\x00\x7f\x9b31m\u202e\u2028\U000e0041\ud800`,
  )
  expect(printable('Zoë-14 “日本” \\n 🏥')).toBe('Zoë-14 “日本” \\n 🏥')
  expect(printableLines('two\nlines\u001b')).toBe('two\nlines\\x1b')
  fc.assert(fc.property(anyText, (text) => !acting.test(printable(text))))
})

test('it reaches every text of plain data, keys too, and changes nothing else', () => {
  const data = { 'a\u001b': ['\u001b', { b: '\n' }], n: 1, none: null, yes: true, big: 1n }
  expect(printable(data)).toEqual({ 'a\\x1b': ['\\x1b', { b: '\\n' }], n: 1, none: null, yes: true, big: 1n })
})

test('JSON has nothing in it that could act, and is the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), anyText, (value, text) => {
      const given = { value, [text]: text }
      const json = jsonText(given)
      expect(json).not.toMatch(acting)
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(given)))
    }),
  )
})

test('a line of the log is one line, whatever its facts are', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), anyText, (facts, msg) => {
      expect(logLine({ ...facts, msg }, 46)).not.toMatch(acting)
      const sent = { ...facts, msg, webhook_id: msg, appointment_external_id: msg, notification: msg, endpoint: msg }
      expect(logLine(sent, Number.POSITIVE_INFINITY)).not.toMatch(acting)
    }),
  )
})
