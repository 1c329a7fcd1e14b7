// What is printed of a refusal to connect: the server's own sentence, and never one that could quote a row.
import { expect, test } from 'vitest'
import { isOfPooler, poolerNamed, serverSentence } from '../../src/capture/server-words.js'

const said = (message: string, fields: Readonly<Record<string, string>>) => Object.assign(new Error(message), fields)

test('a refusal is told in the server’s words, on one line; what could quote a row is not', () => {
  const refused = said('too many connections\n\u001b[2J for role "notifyd"', {
    severity: 'FATAL',
    code: '53300',
    routine: 'InitPostgres',
  })
  expect(serverSentence(refused)).toBe('too many connections [2J for role "notifyd"')
  expect(serverSentence(said('"Jane Doe"', { severity: 'ERROR', code: '22P02', routine: 'x' }))).toBeNull()
  expect(serverSentence(said('"Jane Doe"', { severity: 'ERROR', code: '22P02' }))).toBeNull()
  expect(serverSentence(new Error('connect ECONNREFUSED'))).toBeNull()
})

test.each(['08P01', 'XX000', '0A000'])('%s without the routine that a server always names is a pooler’s', (code) => {
  const ofPooler = said('RDS Proxy currently doesn’t support it', { severity: 'FATAL', code })
  expect(isOfPooler(ofPooler)).toBe(true)
  expect(poolerNamed(ofPooler)).toMatchObject({ found: ofPooler.message, remedy: expect.stringContaining('a pooler') })
  const ofServer = said('not supported', { severity: 'ERROR', code, routine: 'StartLogicalReplication' })
  expect([isOfPooler(ofServer), poolerNamed(ofServer)]).toEqual([false, ofServer])
})
