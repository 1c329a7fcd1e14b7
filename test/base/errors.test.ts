import { describe, expect, test } from 'vitest'
import {
  ConfigError,
  errorCode,
  GapError,
  type GapFacts,
  JournalError,
  judge,
  NotReadyError,
  ProtocolLoadError,
  StreamError,
  UsageError,
} from '../../src/base/errors.js'

const withCode = (code: string) => Object.assign(new Error('a message that is never looked at: 28P01'), { code })

const gapFacts: GapFacts = {
  kind: 'slot is lost',
  slot: 'notifyd',
  reason: 'the slot is lost',
  from: '0/1',
  to: 'unknown',
  bytes: null,
  lastCommitAt: null,
}

describe('an error that stops the daemon', () => {
  test.each([
    [2, 'USAGE', new UsageError('x')],
    [2, 'CONFIG', new ConfigError('f', [])],
    [2, 'PROTOCOL', new ProtocolLoadError('f', 'x')],
    [3, 'NOT_READY', new NotReadyError('x', 'y')],
    [4, 'GAP', new GapError(gapFacts, 'y')],
    [1, 'JOURNAL', new JournalError('x')],
    [1, 'BUG', new TypeError('x')],
    [1, 'BUG', new RangeError('x')],
    [1, 'BUG', new ReferenceError('x')],
    [1, 'BUG', 'thrown text'],
    [1, 'BUG', undefined],
    [3, '28P01', withCode('28P01')],
    [3, 'CERT_HAS_EXPIRED', withCode('CERT_HAS_EXPIRED')],
    [3, 'ERR_TLS_CERT_ALTNAME_INVALID', withCode('ERR_TLS_CERT_ALTNAME_INVALID')],
    [3, '28000', withCode('28000')],
    [3, '3D000', withCode('3D000')],
    [3, '42501', withCode('42501')],
    [3, '42704', withCode('42704')],
    [3, '42P01', withCode('42P01')],
    [3, '42703', withCode('42703')],
    [3, '42883', withCode('42883')],
    [3, '53400', withCode('53400')],
    [3, '0A000', withCode('0A000')],
    [3, '55000', withCode('55000')],
  ])('has status %i and code %s', (exitStatus, code, error) => {
    expect(judge(error)).toEqual({ tag: 'stop', exitStatus, code, remedy: expect.stringMatching(/\S/) })
  })

  test('of the database or a gap says its own remedy', () => {
    expect(judge(new NotReadyError('found', 'ALTER TABLE'))).toMatchObject({ remedy: 'ALTER TABLE' })
    expect(judge(new GapError(gapFacts, 'gaps accept'))).toMatchObject({ remedy: 'gaps accept' })
  })
})

describe('an error that is tried again', () => {
  test.each([
    ['SILENT', new StreamError('SILENT', 'x')],
    ['ENDED', new StreamError('ENDED', 'x')],
    ['MALFORMED', new StreamError('MALFORMED', 'x')],
    ['ECONNREFUSED', withCode('ECONNREFUSED')],
    ['57P01', withCode('57P01')],
    ['55006', withCode('55006')],
    ['XX999', withCode('XX999')],
    ['CONNECTION', new Error('Connection terminated unexpectedly')],
    ['ECONNREFUSED', new AggregateError([withCode('ECONNREFUSED'), withCode('EHOSTUNREACH')])],
    ['ERR_INVALID_ARG', Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG' })],
  ])('has the code %s', (code, error) => {
    expect(judge(error)).toEqual({ tag: 'retry', code })
  })
})

test.each([
  [null, null],
  ['text', null],
  [{ code: 7 }, null],
  [{ code: '' }, null],
  [new AggregateError([]), null],
  [Object.assign(new AggregateError([withCode('A')]), { code: 'B' }), 'B'],
])('the code of %o is %s', (error, code) => {
  expect(errorCode(error)).toBe(code)
})

describe('a message', () => {
  test('of the config has a line for each problem', () => {
    const problems = [
      { path: '', message: 'no JSON' },
      { path: 'endpoints[0].url', message: 'missing' },
    ]
    expect(new ConfigError('/c.json', problems).message).toBe('/c.json: no JSON\nendpoints[0].url: missing')
  })

  test('of the database ends with what mends it', () => {
    expect(new NotReadyError('no slot is free', 'drop one').message).toBe('no slot is free\n  to mend it: drop one')
  })

  test('of a gap names slot, reason and bounds', () => {
    expect(new GapError(gapFacts, 'gaps accept').message).toBe(
      'gap on slot "notifyd": the slot is lost; changes from 0/1 to unknown are not in the journal (last commit seen: none)\n  to go on: gaps accept',
    )
  })
})
