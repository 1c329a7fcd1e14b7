import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import { type Identity, webhookId } from '../../src/compute/webhook-id.js'

const identity: Identity = {
  source: { systemIdentifier: '7412345678901234567', timeline: 1 },
  commitLsn: 0x16b3748n as Lsn,
  ordinal: 0,
  protocol: 'AppointmentNotification',
  endpoint: 'scheduling',
  index: 0,
  generation: 0,
}

test('never changes: a receiver has seen these ids', () => {
  expect(webhookId(identity)).toBe('msg_IcqlPoTz6upc5Mt9XDpqC_hn')
  expect(webhookId({ ...identity, ordinal: 1, generation: 2 })).toBe('msg_RJ5HdVH18lI4wxII89p-RkDh')
})

const identities = fc.record<Identity>({
  source: fc.record({ systemIdentifier: fc.string(), timeline: fc.nat() }),
  commitLsn: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((lsn) => lsn as Lsn),
  ordinal: fc.nat(),
  protocol: fc.string(),
  endpoint: fc.string(),
  index: fc.nat(),
  generation: fc.nat(5),
})

test('differs wherever a part of the identity differs', () => {
  fc.assert(
    fc.property(identities, identities, (a, b) => {
      const parts = (one: Identity) => JSON.stringify({ ...one, commitLsn: String(one.commitLsn) })
      expect(webhookId(a) === webhookId(b)).toBe(parts(a) === parts(b))
      expect(webhookId(a)).toMatch(/^msg_[\w-]{24}$/)
    }),
  )
})

test.each(['ordinal', 'index', 'generation'] as const)('depends on %s', (part) => {
  expect(webhookId({ ...identity, [part]: 1 })).not.toBe(webhookId(identity))
})

test('depends on timeline, endpoint and protocol', () => {
  const ids = [
    webhookId(identity),
    webhookId({ ...identity, source: { ...identity.source, timeline: 2 } }),
    webhookId({ ...identity, endpoint: 'desk' }),
    webhookId({ ...identity, protocol: 'Pager' }),
    webhookId({ ...identity, commitLsn: 1n as Lsn }),
  ]
  expect(new Set(ids).size).toBe(ids.length)
})
