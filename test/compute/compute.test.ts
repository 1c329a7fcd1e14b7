// The built-in protocol within Compute: who is owed what, and the reason where nobody is. No thread is started.
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { NotificationName } from '../../src/compute/appointment-notification.js'
import { Compute } from '../../src/compute/compute.js'
import { webhookId } from '../../src/compute/webhook-id.js'
import { type ChangeParts, change, source } from './changes.js'

const load = () => {
  const desk = { name: 'desk', notifications: new Set<NotificationName>(['created', 'cancelled']) }
  const ward = { name: 'ward', notifications: new Set<NotificationName>(['created']) }
  return Compute.load({
    noteStates: new Map([
      ['CLD', 'cancelled'],
      ['NSW', 'no_show'],
    ]),
    endpoints: [desk, ward],
    files: [],
    settings: {},
    timeoutMs: 1000,
    log: pino({ level: 'silent' }),
    appointments: () => Promise.reject(new Error('nobody asks')),
  })
}

/** Each change's debts by endpoint, and its reason. */
async function computed(...changes: ChangeParts[]) {
  const compute = await load()
  const results = await compute.compute(
    changes.map((parts) => change(parts)),
    source,
  )
  return results.map(({ outcomes, notifications }) => [
    notifications.map(({ endpoint, notification }) => `${endpoint} ${notification}`),
    ...outcomes.map((outcome) => (outcome.tag === 'computed' ? outcome.reason : outcome.message)),
  ])
}

const model = 'notestatechangeevent'

test('every endpoint that asks for a notification is owed it; a reason stands where none is', async () => {
  expect(
    await computed(
      {},
      { model, fields: { state: [null, 'CLD'] } },
      { model, fields: { state: [null, 'NSW'] } },
      { model, fields: { state: [null, 'BKD'] } },
      { changeType: 'LAB_REPORT', model: 'lab' },
      { operation: 'truncate' },
    ),
  ).toEqual([
    [['desk created', 'ward created'], null],
    [['desk cancelled'], null],
    [[], 'no endpoint asks for no_show'],
    [[], 'state BKD is not in note_states'],
    [[]],
    [[]],
  ])
})

test('the debt has the payload’s bytes, no headers, and its own id for each endpoint', async () => {
  const compute = await load()
  const parts = { commitLsn: 0x2an, ordinal: 5 }
  const [result] = await compute.compute([change(parts)], source)
  const identity = { source, commitLsn: change(parts).commitLsn, ordinal: 5, index: 0, generation: 0 }
  const protocol = 'AppointmentNotification'
  const body =
    '{"canvas_patient_key":"06669a76329f4577bea114bc50072da6","appointment_external_id":"e999b5c7-d12f-498c-816a-f3c66946a911",' +
    '"start_time":"2021-12-24T21:30:00+00:00","end_time":"2021-12-24T22:00:00+00:00","created":true}'
  expect(result?.notifications).toEqual(
    ['desk', 'ward'].map((endpoint) => ({
      webhookId: webhookId({ ...identity, protocol, endpoint }),
      protocol,
      endpoint,
      url: null,
      notification: 'created',
      headers: {},
      body,
    })),
  )
  expect(compute.protocols).toEqual([])
})
