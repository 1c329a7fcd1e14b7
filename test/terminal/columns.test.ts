// Lines that fit: tail's and the log's at 80 columns, and what they have more where there is more room.
import fc from 'fast-check'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import type { Disclosure } from '../../src/journal/disclosures.js'
import { type Cell, fitted } from '../../src/terminal/columns.js'
import { logLine } from '../../src/terminal/log-line.js'
import { disclosureLine } from '../../src/terminal/tail.js'

const uuid = 'e999b5c7-d12f-498c-816a-f3c66946a911'
const one: Disclosure = {
  id: 1,
  sentAt: Date.UTC(2026, 10, 24, 8, 0, 0, 123),
  endpoint: 'scheduling',
  webhookId: 'msg_0123456789abcdefghijklmn',
  notification: 'rescheduled',
  sequence: 12_345,
  lsn: '1A/16B3748',
  committedAt: Date.UTC(2026, 10, 24, 8) * 1000,
  appointmentExternalId: uuid,
  attempt: 1,
  durationMs: 2,
  outcome: 'delivered',
  status: 204,
  error: null,
  isReplay: false,
}

test('tail fits 80 columns, and says more where there are more', () => {
  const at = (width: number, more: Partial<Disclosure> = {}) => disclosureLine({ ...one, ...more }, width)
  expect(at(80)).toBe('2026-11-24T08:00:00Z  1A/16B3748    rescheduled  scheduling #12345  204')
  expect(at(120)).toBe(`2026-11-24T08:00:00Z  1A/16B3748    rescheduled  scheduling #12345  204  ${uuid}`)
  expect(at(Number.POSITIVE_INFINITY)).toContain('msg_0123456789abcdefghijklmn  125 ms after the commit')
  const retried = at(80, { outcome: 'retry', status: 503, error: 'http 503', attempt: 3 })
  expect(retried).toBe('2026-11-24T08:00:0…  1A/16B3748  rescheduled  scheduling #12345  try 3: http 503')
  expect(stringWidth(retried)).toBeLessThanOrEqual(80)
  // One screen, one set of columns, although only one of the lines has room for all that is to be padded.
  const short = at(100, { lsn: '0/1', notification: 'created', isReplay: true })
  expect(short.indexOf('created')).toBe(at(100).indexOf('rescheduled'))
})

test('a notification is one line of the log at 80 columns, whatever it tells', () => {
  const facts = {
    lsn: one.lsn,
    webhook_id: one.webhookId,
    endpoint: 'scheduling',
    notification: 'rescheduled',
    sequence: 1_234,
  }
  const line = (more: object) =>
    logLine({ ...facts, appointment_external_id: '日'.repeat(30), attempt: 1, ...more }, 46)
  const lines = [
    line({ msg: 'notification delivered', status: 204, lag_ms: 5 }),
    line({
      msg: 'notification failed',
      status: 503,
      error: 'http 503',
      retry_at: '2026-11-24T08:00:05.000Z',
      attempt: 12,
    }),
    line({ msg: 'notification dead', status: null, error: 'ECONNREFUSED', attempt: 12 }),
    line({ msg: 'replay failed', status: null, error: 'UND_ERR_HEADERS_OVERFLOW' }),
  ]
  expect(lines[0]).toBe('rescheduled → scheduling #1234  204')
  expect(lines.filter((text) => stringWidth(text) > 46 || text.includes('\n'))).toEqual([])
})

test('any cells fit any width that has room for a column of each', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '日', '🏥', 'é', '-'), minLength: 1, maxLength: 40 })
  const cell: fc.Arbitrary<Cell> = fc.record({ text, atLeast: fc.nat(20), rank: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 8 }), fc.integer({ min: 24, max: 200 }), (cells, width) => {
      const line = fitted(cells, width)
      expect(stringWidth(line)).toBeLessThanOrEqual(width)
      expect(fitted(cells, 10_000)).toContain(cells[0]?.text)
    }),
  )
})
