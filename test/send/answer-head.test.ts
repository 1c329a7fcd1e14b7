// What comes out of a connection's bytes, however they are cut into pieces: one head of an answer, and everything behind it as it is.
import { expect, test } from 'vitest'
import { AnswerHeads, maxHeadBytes } from '../../src/send/answer-head.js'

/** What the client would read of an answer to one request. */
function readIn(pieces: readonly string[]): readonly string[] {
  const heads = new AnswerHeads()
  heads.asked()
  return pieces.map((piece) => heads.read(Buffer.from(piece, 'latin1')).toString('latin1'))
}

const odd = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n'
const plain = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
const body = '2\r\nok\r\n0\r\n\r\n'

test.each([
  ['in one piece', [odd + body]],
  ['byte by byte', [...(odd + body)]],
  ['behind an interim answer', [hints, odd + body]],
  ['behind an interim answer, in one piece', [hints + odd + body]],
  ['behind two', [`${hints}HTTP/1.1 100 Continue\r\n\r\n${hints}${odd}${body}`]],
])('one way of saying how long the body is: %s', (_, pieces) => {
  const read = readIn(pieces).join('').replaceAll(hints, '')
  expect(read).toBe(plain + body)
})

test('what lies behind a head is left as it is, though it looks like one', () => {
  expect(readIn([plain, odd]).join('')).toBe(plain + odd)
})

test('a head is kept until it is there, and up to 64 KiB of it', () => {
  const line = `X: ${'a'.repeat(1019)}\r\n`
  const fits = [odd.slice(0, -2), ...Array.from({ length: 62 }, () => line), '\r\n']
  const read = readIn(fits)
  expect(read.slice(0, -1).join('')).toBe('')
  expect(read.at(-1)).toBe(`${plain.slice(0, -2)}${line.repeat(62)}\r\n`)
  const endless = readIn(['HTTP/1.1 200 OK\r\n', ...Array.from({ length: 64 }, () => line)])
  expect(endless.join('').length).toBeGreaterThan(maxHeadBytes)
})
