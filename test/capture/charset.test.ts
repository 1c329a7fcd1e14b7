// What of an encoding is known without a server: which are read without loss, and that no byte of a text is left out.
import { expect, test } from 'vitest'
import { isDecodedHere, isKnownEncoding, textDecoder } from '../../src/capture/charset.js'

test.each([
  ['UTF8', true, false],
  ['LATIN1', true, true],
  ['WIN1252', true, true],
  ['EUC_KR', true, true],
  // Nobody says what its bytes stand for; and one that no decoder knows.
  ['SQL_ASCII', false, true],
  ['EUC_TW', false, true],
  ['MULE_INTERNAL', false, true],
])('%s', (encoding, isKnown, isHere) => {
  expect([isKnownEncoding(encoding), isDecodedHere(encoding)]).toEqual([isKnown, isHere])
})

test('a byte-order mark is text like any other', () => {
  expect(textDecoder('SQL_ASCII')(Buffer.from('\uFEFFid'))).toBe('\uFEFFid')
})
