import { expect, test } from 'vitest'
import { Probe } from '../../src/send/probe.js'

const failTimes = (probe: Probe, times: number, nowMs = 0) =>
  Array.from({ length: times }, () => probe.failed(nowMs, nowMs, false)).filter(Boolean).length

test('begins with the tenth failure in a row, and says so once', () => {
  const probe = new Probe()
  expect(failTimes(probe, 9)).toBe(0)
  expect(probe.isProbing).toBe(false)
  expect(probe.nextAt).toBe(0)
  expect(probe.failed(1000, 1000, false)).toBe(true)
  expect([probe.isProbing, probe.nextAt]).toEqual([true, 2000])
  expect(probe.failed(2000, 2000, false)).toBe(false)
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

test('waits from 1 s, doubling to 5 s, until a success', () => {
  const probe = new Probe()
  failTimes(probe, 9)
  const waits = Array.from({ length: 9 }, () => {
    const nowMs = probe.nextAt
    probe.failed(nowMs, nowMs, false)
    return probe.nextAt - nowMs
  })
  expect(waits).toEqual([1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000, 5000])
  // An answer that is no success shows that it lives, and nothing more.
  const nowMs = probe.nextAt
  probe.answered(nowMs)
  expect([probe.isProbing, probe.nextAt]).toEqual([true, nowMs + 5000])
  expect(probe.succeeded()).toBe(true)
  expect([probe.isProbing, probe.nextAt]).toEqual([false, 0])
  expect(probe.succeeded()).toBe(false)
})

test('what was open when probing began puts the next probe off no further', () => {
  const probe = new Probe()
  failTimes(probe, 10, 1000)
  for (const endsAt of [1001, 1500, 16_000]) {
    expect(probe.failed(endsAt, 990, false)).toBe(false)
    expect(probe.nextAt).toBe(2000)
  }
  probe.failed(2100, 2000, false)
  expect(probe.nextAt).toBe(4100)
})

test('three attempts in a row without any answer: it is asked before any retry is due, at most 5 s apart', () => {
  const probe = new Probe()
  const unanswered = (nowMs: number) => probe.failed(nowMs, nowMs, true)
  for (const nowMs of [0, 10]) unanswered(nowMs)
  expect([probe.isSeeking, probe.seekAt]).toEqual([false, Number.POSITIVE_INFINITY])
  unanswered(20)
  expect([probe.isSeeking, probe.isProbing, probe.seekAt, probe.nextAt]).toEqual([true, false, 1020, 0])
  const waits = Array.from({ length: 5 }, () => {
    const nowMs = probe.seekAt
    unanswered(nowMs)
    return probe.seekAt - nowMs
  })
  expect(waits).toEqual([2000, 4000, 5000, 5000, 5000])
  expect(probe.succeeded()).toBe(true)
  expect([probe.isSeeking, probe.succeeded()]).toEqual([false, false])
})

test('an answer of any kind ends the asking, and an error of the server is one that says nothing yet', () => {
  const probe = new Probe()
  const seek = () => {
    for (const nowMs of [0, 0, 0]) probe.failed(nowMs, nowMs, true)
    return probe.isSeeking
  }
  expect([seek(), probe.answered(0), probe.isSeeking]).toEqual([true, true, false])
  expect(seek()).toBe(true)
  probe.failed(5000, 5000, false)
  expect(probe.isSeeking).toBe(false)
})

test('what failed before this process began is asked about at once; so is what is another from now on', () => {
  const probe = new Probe(undefined, true)
  expect([probe.isSeeking, probe.seekAt]).toEqual([true, 0])
  probe.failed(100, 100, true)
  expect(probe.seekAt).toBe(1100)
  probe.hurry()
  expect(probe.seekAt).toBe(0)
})
