import { expect, test } from 'vitest'
import { Probe } from '../../src/send/probe.js'

const failTimes = (probe: Probe, times: number, nowMs = 0) =>
  Array.from({ length: times }, () => probe.failed(nowMs, nowMs)).filter(Boolean).length

test('begins with the tenth failure in a row, and says so once', () => {
  const probe = new Probe()
  expect(failTimes(probe, 9)).toBe(0)
  expect(probe.isProbing).toBe(false)
  expect(probe.nextAt).toBe(0)
  expect(probe.failed(1000, 1000)).toBe(true)
  expect([probe.isProbing, probe.nextAt]).toEqual([true, 2000])
  expect(probe.failed(2000, 2000)).toBe(false)
})

test('a success, or another answer, between failures starts the count anew', () => {
  for (const between of [(probe: Probe) => probe.succeeded(), (probe: Probe) => probe.answered(0)]) {
    const probe = new Probe()
    failTimes(probe, 9)
    between(probe)
    expect(failTimes(probe, 9)).toBe(0)
    expect(probe.isProbing).toBe(false)
  }
})

test('waits from 1 s, doubling to 60 s, until a success', () => {
  const probe = new Probe()
  failTimes(probe, 9)
  const waits = Array.from({ length: 9 }, () => {
    const nowMs = probe.nextAt
    probe.failed(nowMs, nowMs)
    return probe.nextAt - nowMs
  })
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  // An answer that is no success shows that it lives, and nothing more.
  const nowMs = probe.nextAt
  probe.answered(nowMs)
  expect([probe.isProbing, probe.nextAt]).toEqual([true, nowMs + 60_000])
  expect(probe.succeeded()).toBe(true)
  expect([probe.isProbing, probe.nextAt]).toEqual([false, 0])
  expect(probe.succeeded()).toBe(false)
})

test('what was open when probing began puts the next probe off no further', () => {
  const probe = new Probe()
  failTimes(probe, 10, 1000)
  for (const endsAt of [1001, 1500, 16_000]) {
    expect(probe.failed(endsAt, 990)).toBe(false)
    expect(probe.nextAt).toBe(2000)
  }
  probe.failed(2100, 2000)
  expect(probe.nextAt).toBe(4100)
})
