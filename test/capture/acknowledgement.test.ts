import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Acknowledgement, isSilent, statusIntervalMs } from '../../src/capture/acknowledgement.js'
import { type Lsn, toLsn } from '../../src/capture/lsn.js'

const lsn = (value: number): Lsn => toLsn(BigInt(value))
const asked = { transactionOpen: false, drained: true, replyRequested: true, nowMs: 0 }

describe('the acknowledged position', () => {
  test('starts at the journal checkpoint, exactly', () => {
    expect(new Acknowledgement(lsn(100)).flush).toBe(100n)
  })

  test('is the durable LSN, and never one more', () => {
    const acknowledgement = new Acknowledgement(lsn(100))
    acknowledgement.durable(lsn(250))
    expect(acknowledgement.flush).toBe(250n)
  })

  test('never goes back', () => {
    const acknowledgement = new Acknowledgement(lsn(100))
    acknowledgement.durable(lsn(250))
    acknowledgement.durable(lsn(200))
    expect(acknowledgement.flush).toBe(250n)
  })

  test('does not move because of a keepalive alone: the journal must have it first', () => {
    const acknowledgement = new Acknowledgement(lsn(100))
    expect(acknowledgement.idle({ ...asked, keepalive: lsn(900) })).toBe(900n)
    expect(acknowledgement.flush).toBe(100n)
  })
})

describe('a keepalive', () => {
  test('is checkpointed at once when the server asks', () => {
    expect(new Acknowledgement(lsn(1)).idle({ ...asked, keepalive: lsn(2) })).toBe(2n)
  })

  test('is ignored while a transaction is open, or something received is not in the journal', () => {
    const acknowledgement = new Acknowledgement(lsn(1))
    expect(acknowledgement.idle({ ...asked, keepalive: lsn(2), transactionOpen: true })).toBeNull()
    expect(acknowledgement.idle({ ...asked, keepalive: lsn(2), drained: false })).toBeNull()
  })

  test('is ignored when it says nothing new', () => {
    expect(new Acknowledgement(lsn(5)).idle({ ...asked, keepalive: lsn(5) })).toBeNull()
  })

  test('that nobody asked about is persisted every 10 s, or after 16 MB', () => {
    const acknowledgement = new Acknowledgement(lsn(1))
    const quiet = { ...asked, replyRequested: false }
    expect(acknowledgement.idle({ ...quiet, keepalive: lsn(2), nowMs: 1_000 })).toBe(2n)
    acknowledgement.durable(lsn(2))
    expect(acknowledgement.idle({ ...quiet, keepalive: lsn(3), nowMs: 10_999 })).toBeNull()
    expect(acknowledgement.idle({ ...quiet, keepalive: lsn(2 + 16 * 1024 * 1024), nowMs: 10_999 })).not.toBeNull()
    expect(acknowledgement.idle({ ...quiet, keepalive: lsn(3), nowMs: 20_999 })).toBe(3n)
  })

  test('law: under any events the position is monotonic and never above what was made durable', () => {
    const event = fc.oneof(
      fc.record({ tag: fc.constant('durable' as const), lsn: fc.integer({ min: 0, max: 1_000 }) }),
      fc.record({
        tag: fc.constant('keepalive' as const),
        lsn: fc.integer({ min: 0, max: 1_000 }),
        transactionOpen: fc.boolean(),
        drained: fc.boolean(),
        replyRequested: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const acknowledgement = new Acknowledgement(lsn(10))
        let durable = 10n
        let before = acknowledgement.flush
        events.forEach((each, index) => {
          if (each.tag === 'durable') {
            acknowledgement.durable(lsn(each.lsn))
            if (BigInt(each.lsn) > durable) durable = BigInt(each.lsn)
          } else {
            const idle = acknowledgement.idle({ ...each, keepalive: lsn(each.lsn), nowMs: index * 1_000 })
            if (each.transactionOpen || !each.drained) expect(idle).toBeNull()
          }
          expect(acknowledgement.flush).toBe(durable)
          expect(acknowledgement.flush >= before).toBe(true)
          before = acknowledgement.flush
        })
      }),
    )
  })
})

test('status frames go out well inside the server’s patience', () => {
  expect(statusIntervalMs(60_000)).toBe(10_000)
  expect(statusIntervalMs(5_000)).toBe(1_666)
  expect(statusIntervalMs(0)).toBe(10_000)
})

test('silence is twice wal_sender_timeout while reading, and never while paused', () => {
  const input = { nowMs: 10_001, lastInboundAt: 0, paused: false, walSenderTimeoutMs: 5_000, nextLookMs: 0 }
  expect(isSilent(input)).toBe(true)
  expect(isSilent({ ...input, nowMs: 10_000 })).toBe(false)
  // It is noticed within that time, not at the first look after it.
  expect(isSilent({ ...input, nowMs: 9_001, nextLookMs: 1_000 })).toBe(true)
  expect(isSilent({ ...input, nowMs: 9_000, nextLookMs: 1_000 })).toBe(false)
  expect(isSilent({ ...input, paused: true })).toBe(false)
})
