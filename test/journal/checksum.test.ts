// A stored delivery that is not what it was when it became owed is never sent, and stands in nobody's way.
import { readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { checksumOf, type OwedRow } from '../../src/journal/checksum.js'
import { toDelivery } from '../../src/journal/deliveries.js'
import { Journal } from '../../src/journal/journal.js'
import type { DeliveryRow } from '../../src/journal/schema.js'
import { Deliverer } from '../../src/send/deliver.js'
import { startReceiver } from '../../testbed/receiver.js'
import { append, lsn, openJournal, owing } from './opened.js'

const owed: OwedRow = {
  webhook_id: 'msg_4mDqhsRzVvQO2p0bYlPZ9hFf',
  endpoint: 'desk',
  url: 'https://desk.example/hook',
  lane: 'appointment e999b5c7-d12f-498c-816a-f3c66946a911',
  sequence: 41,
  notification: 'rescheduled',
  headers: '{"content-type":"application/json"}',
  body: '{"canvas_patient_key": "06669a76329f4577bea114bc50072da6", "start_time": "2021-12-24T21:30:00+00:00"}',
  commit_lsn: 0x16b3748n,
  committed_at_us: 1_640_000_000_123_456,
  appointment_external_id: 'e999b5c7-d12f-498c-816a-f3c66946a911',
}

const row = (parts: Partial<DeliveryRow>): DeliveryRow => ({
  ...owed,
  id: 7,
  change_id: 1,
  protocol: 'AppointmentNotification',
  state: 'owed',
  attempts: 2,
  settled_at: null,
  status: null,
  duration_ms: null,
  reason: null,
  recompute: null,
  checksum: checksumOf(owed),
  ...parts,
})

/** As SQLite would give the column if one bit of it were another on the disk. */
function flipped(value: string | number | bigint, bit: number): string | number | bigint {
  if (typeof value === 'number') return Number(BigInt(value) ^ (1n << BigInt(bit % 48)))
  if (typeof value === 'bigint') return BigInt.asIntN(64, value ^ (1n << BigInt(bit % 64)))
  const bytes = Buffer.from(value)
  const at = Math.floor(bit / 8) % bytes.length
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at)
  return bytes.toString()
}

test('one flipped bit of what is sent, to whom and as what, is seen; of a row as it was owed nothing is', () => {
  expect(toDelivery(row({}))).toMatchObject({ webhookId: owed.webhook_id, body: owed.body, sequence: 41 })
  expect(toDelivery(row({})).isDamaged).toBeUndefined()
  const columns = Object.entries(owed).flatMap(([column, value]) => (value === null ? [] : [{ column, value }]))
  expect(columns).toHaveLength(11)
  fc.assert(
    fc.property(fc.constantFrom(...columns), fc.nat(10_000), ({ column, value }, bit) => {
      const delivery = toDelivery(row({ [column]: flipped(value, bit) }))
      expect(delivery).toMatchObject({ id: 7, isDamaged: true, body: '', url: null })
    }),
    { numRuns: 500 },
  )
})

test('a row of a notifyd without checksums is sent as it stands, unless it cannot be read', () => {
  expect(toDelivery(row({ checksum: null })).isDamaged).toBeUndefined()
  expect(toDelivery(row({ checksum: null, headers: '{"content' })).isDamaged).toBe(true)
})

test('a bit that was flipped on the disk is not signed and sent: a dead letter, and its lane goes on', async () => {
  await using opened = await openJournal()
  await append(opened.journal, [owing({ ordinal: 0, body: '{"flip":"me"}' }), owing({ ordinal: 1 })], lsn(9))
  opened.journal.close()
  const file = await readFile(opened.path)
  const at = file.indexOf('{"flip":"me"}')
  expect(at).toBeGreaterThan(0)
  file.writeUInt8(file.readUInt8(at + 9) ^ 1, at + 9)
  await writeFile(opened.path, file)

  const journal = await Journal.open(opened.path)
  await using receiver = await startReceiver()
  const endpoint = {
    name: 'desk',
    url: receiver.url('/desk'),
    secrets: [],
    headers: {},
    enabled: true,
    tls: null,
    proxy: null,
    concurrency: 4,
    timeoutMs: 5_000,
    retrySeconds: [60],
  }
  const policy = { allowHttp: false, allowHosts: [], allowCidrs: [] }
  const options = {
    journal,
    policy,
    userAgent: 'notifyd/test',
    log: pino({ level: 'silent' }),
    settled: () => undefined,
  }
  const deliverer = new Deliverer({ ...options, endpoints: [endpoint] })
  deliverer.start()
  await receiver.until(({ posts }) => posts.length === 1)
  await deliverer.stop(5_000)
  expect(receiver.posts.map(({ rawBody }) => rawBody.toString())).toEqual(['{"n":1}'])
  expect(journal.deadLetters({}, 10)).toMatchObject([
    { lsn: '0/16B3748', endpoint: 'desk', sequence: 1, error: 'damaged in the journal' },
  ])
  expect(journal.endpointsOwed()).toEqual([])
  journal.close()
})
