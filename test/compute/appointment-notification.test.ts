import { describe, expect, test } from 'vitest'
import { judgeAppointmentChange, type NoteStates } from '../../src/compute/appointment-notification.js'
import { appointment, type ChangeParts, change } from './changes.js'

const noteStates: NoteStates = new Map([
  ['CLD', 'cancelled'],
  ['NSW', 'no_show'],
  ['RVT', 'reverted'],
  ['CVD', 'checked_in'],
])

function judged(parts: ChangeParts): readonly [string, string | null] {
  const verdict = judgeAppointmentChange(change(parts), noteStates)
  return verdict.tag === 'notify' ? [verdict.notification, JSON.stringify(verdict.payload)] : [verdict.reason, null]
}

const times =
  '{"canvas_patient_key":"06669a76329f4577bea114bc50072da6","appointment_external_id":"e999b5c7-d12f-498c-816a-f3c66946a911",' +
  '"start_time":"2021-12-24T21:30:00+00:00","end_time":"2021-12-24T22:00:00+00:00",'
const state = (name: string) =>
  `{"canvas_patient_key":"06669a76329f4577bea114bc50072da6","${name}":true,"appointment_external_id":"e999b5c7-d12f-498c-816a-f3c66946a911"}`

describe('an appointment', () => {
  test.each<[string, ChangeParts, string]>([
    ['inserted', {}, 'created'],
    ['inserted as a replacement', { fields: { appointment_rescheduled_from_id: [null, 7] } }, 'rescheduled'],
    ['moved', { operation: 'update', fields: { start_time: ['a', 'b'] } }, 'rescheduled'],
    ['made longer', { operation: 'update', fields: { duration_minutes: [20, 30] } }, 'rescheduled'],
    ['ending later', { operation: 'update', fields: { end_time: ['a', 'b'] } }, 'rescheduled'],
    [
      'inserted, and made a replacement in the same transaction',
      { appointment: { ...appointment, appointment_rescheduled_from_id: '7' } },
      'rescheduled',
    ],
    [
      'made a replacement and moved',
      { operation: 'update', fields: { appointment_rescheduled_from_id: [null, 7], start_time: ['a', 'b'] } },
      'rescheduled',
    ],
  ])('%s', (_, parts, notification) => {
    expect(judged(parts)).toEqual([notification, `${times}"${notification}":true}`])
  })

  test.each<[string, ChangeParts, RegExp]>([
    ['confirmed', { operation: 'update', fields: { status: ['a', 'b'] } }, /its times did not change/],
    ['of another origin', { operation: 'update', fields: { appointment_rescheduled_from_id: [6, 7] } }, /its times/],
    [
      'made a replacement later',
      {
        operation: 'update',
        fields: { appointment_rescheduled_from_id: [null, 7] },
        appointment: { ...appointment, appointment_rescheduled_from_id: '7' },
      },
      /its times did not change/,
    ],
    ['deleted', { operation: 'delete', fields: { start_time: ['a', null] } }, /deleted/],
    [
      'updated without an old image',
      { operation: 'update', withoutOldImage: true, fields: { start_time: [null, 'b'] } },
      /^no old image$/,
    ],
    ['of another model', { model: 'lab' }, /not an appointment/],
  ])('%s notifies nothing, and why', (_, parts, reason) => {
    expect(judged(parts)).toEqual([expect.stringMatching(reason), null])
  })

  test('without a patient, or without an end, is sent with nulls; a start that is known is told', () => {
    const [, payload] = judged({ patientKey: null, appointment: { ...appointment, end_time: null } })
    expect(payload).toBe(
      '{"canvas_patient_key":null,"appointment_external_id":"e999b5c7-d12f-498c-816a-f3c66946a911","start_time":"2021-12-24T21:30:00+00:00","end_time":null,"created":true}',
    )
  })
})

describe('a note state change', () => {
  const model = 'notestatechangeevent'
  test.each([
    ['CLD', 'cancelled'],
    ['NSW', 'no_show'],
    ['RVT', 'reverted'],
    ['CVD', 'checked_in'],
  ])('to %s is %s', (code, notification) => {
    expect(judged({ model, fields: { state: [null, code] } })).toEqual([notification, state(notification)])
    const updated = { model, operation: 'update', fields: { state: ['BKD', code] } } as const
    expect(judged(updated)).toEqual([notification, state(notification)])
  })

  test.each<[string, ChangeParts, RegExp]>([
    ['to a state that is not mapped', { fields: { state: [null, 'BKD'] } }, /BKD is not in note_states/],
    ['of another column', { operation: 'update', fields: { originator_id: [1, 2] } }, /state did not change/],
    ['of a note without an appointment', { appointment: null, fields: { state: [null, 'CLD'] } }, /no appointment/],
    [
      'without an old image',
      { operation: 'update', withoutOldImage: true, fields: { state: [null, 'CLD'] } },
      /^no old image$/,
    ],
    ['that was deleted', { operation: 'delete', fields: { state: ['CLD', null] } }, /deleted/],
  ])('%s notifies nothing, and why', (_, parts, reason) => {
    expect(judged({ model, ...parts })).toEqual([expect.stringMatching(reason), null])
  })
})
