import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { appointmentOf, newestAppointment } from '../../src/change/appointment.js'
import { appointmentEnd, readMoment } from '../../src/change/appointment-time.js'
import type { FieldValue } from '../../src/change/captured-change.js'
import { laneOf } from '../../src/change/lane.js'
import { makeModel } from '../../src/change/model.js'
import { PatientKeys } from '../../src/change/patient-keys.js'
import { valueReader } from '../../src/change/values.js'
import { appointment, change } from '../compute/changes.js'

describe('a moment', () => {
  test.each([
    ['2022-09-09T23:00:00+00:00', '2022-09-09T23:00:00+00:00'],
    ['2022-09-09 23:00:00', '2022-09-09T23:00:00+00:00'],
    ['2022-09-09 23:00:00.1', '2022-09-09T23:00:00.100000+00:00'],
    ['2022-09-09 23:00:00.123456+00', '2022-09-09T23:00:00.123456+00:00'],
    ['0099-01-01 00:00:00', '0099-01-01T00:00:00+00:00'],
    ['9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999999+00:00'],
    ['2022-09-09 23:00:00.000000', '2022-09-09T23:00:00+00:00'],
    ['infinity', 'infinity'],
    ['0044-03-15 12:00:00+00 BC', '0044-03-15 12:00:00+00 BC'],
    ['12026-01-01 00:00:00+00', '12026-01-01 00:00:00+00'],
    [null, null],
    [undefined, null],
  ])('%j is printed as %j', (value, printed) => {
    expect(readMoment(value)).toBe(printed)
  })

  test('and minutes make an end, to the microsecond, across days and years', () => {
    expect(appointmentEnd('2026-12-31T23:59:59.999999+00:00', 1)).toBe('2027-01-01T00:00:59.999999+00:00')
    expect(appointmentEnd('1969-12-31T23:59:30.000001+00:00', 1)).toBe('1970-01-01T00:00:30.000001+00:00')
    expect(appointmentEnd('infinity', 20)).toBe('infinity')
    expect(appointmentEnd('9998-12-31T23:59:59.999999+00:00', 1)).toBe('9999-01-01T00:00:59.999999+00:00')
    expect([appointmentEnd(null, 20), appointmentEnd('2026-01-01T00:00:00+00:00', null)]).toEqual([null, null])
  })

  test.each([
    ['9999-12-31T23:59:00+00:00', 1],
    ['0001-01-01T00:00:00+00:00', -1],
    ['2026-01-01T00:00:00+00:00', 1e15],
    ['12026-01-01 00:00:00+00', 20],
    ['0044-03-15 12:00:00+00 BC', 20],
  ])('%s and %d minutes have no end that four digits of a year could hold', (start, minutes) => {
    expect(appointmentEnd(start, minutes)).toBeNull()
  })

  test('and half minutes make whole seconds', () => {
    expect(appointmentEnd('2026-01-01T00:00:00.5+00:00', 0.5)).toBe('2026-01-01T00:00:30.500000+00:00')
    expect(appointmentEnd('2026-01-01T00:00:00+00:00', 1e-9)).toBe('2026-01-01T00:00:00+00:00')
  })
})

describe('a moment without a zone', () => {
  test.each([
    ['America/New_York', '2026-07-01 10:00:00', '2026-07-01T14:00:00+00:00'],
    ['America/New_York', '2026-12-01 10:00:00.25', '2026-12-01T15:00:00.250000+00:00'],
    // The clocks went back at two: the hour from one to two was there twice, and the first is meant.
    ['America/New_York', '2026-11-01 01:30:00', '2026-11-01T05:30:00+00:00'],
    ['America/New_York', '2026-11-01 00:59:59', '2026-11-01T04:59:59+00:00'],
    ['America/New_York', '2026-11-01 02:00:00', '2026-11-01T07:00:00+00:00'],
    // They went forward at two: the hour from two to three was not there, and the one after it is meant.
    ['America/New_York', '2026-03-08 02:30:00', '2026-03-08T07:30:00+00:00'],
    ['Australia/Lord_Howe', '2026-04-05 01:45:00', '2026-04-04T14:45:00+00:00'],
    ['Australia/Lord_Howe', '2026-10-04 02:15:00', '2026-10-03T15:45:00+00:00'],
    ['Pacific/Apia', '2011-12-30 12:00:00', '2011-12-30T22:00:00+00:00'],
    ['Asia/Kathmandu', '2026-01-01 00:00:00', '2025-12-31T18:15:00+00:00'],
    // One that has a zone, and what is no such moment.
    ['America/New_York', '2026-07-01T10:00:00+00:00', '2026-07-01T10:00:00+00:00'],
    ['America/New_York', '2026-07-01 10:00:00+00', '2026-07-01T10:00:00+00:00'],
    ['America/New_York', 'infinity', 'infinity'],
    ['America/New_York', '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00 BC'],
    ['America/New_York', '10000-01-01 00:00:00', '10000-01-01 00:00:00'],
    ['America/New_York', '9999-12-31 23:00:00', '9999-12-31 23:00:00'],
  ])('in %s: %s is %s', (zone, wall, instant) => {
    expect(readMoment(wall, zone)).toBe(instant)
  })
})

describe('the newest of several', () => {
  const of = (id: string, entered_in_error = false) => ({ ...appointment, id, entered_in_error })
  test.each([
    [['9', '10'], '10'],
    [['9007199254740993', '9007199254740992'], '9007199254740993'],
    [['10!', '9'], '9'],
    [['10!', '9!'], '10'],
    [['b', 'a'], 'b'],
    [['10-', '9'], '9'],
    [['10-', '9!'], '9'],
    [['10!-', '9-'], '9'],
    [['10-', '9-'], '10'],
    [[], undefined],
  ])('%j is %j', (ids, newest) => {
    const ofId = (id: string) => ({ ...of(id.replace(/[!-]/g, ''), id.includes('!')), deleted: id.includes('-') })
    const found = newestAppointment(ids.map(ofId))
    expect(found?.id).toBe(newest)
  })

  test('is of uuids the one that no valid other replaces, whatever their letters', () => {
    const replacing = (id: string, appointment_rescheduled_from_id: string | null, isError = false) => ({
      ...of(id, isError),
      appointment_rescheduled_from_id,
    })
    const chain = [replacing('c', null), replacing('a', 'c'), replacing('b', 'a')]
    expect(newestAppointment(chain)?.id).toBe('b')
    expect(newestAppointment(chain.toReversed())?.id).toBe('b')
    expect(newestAppointment([replacing('c', null), replacing('a', 'c', true)])?.id).toBe('c')
    expect(newestAppointment([replacing('9', null), replacing('8', '9')])?.id).toBe('9')
  })
})

test('an appointment has the end that is mapped, else the one of its duration', () => {
  const start_time = '2026-01-01T00:00:00+00:00'
  expect(appointmentOf({ id: 1, start_time, duration_minutes: '20' }, false).end_time).toBe('2026-01-01T00:20:00+00:00')
  expect(appointmentOf({ id: 1, start_time, duration_minutes: 20, end_time: null }, false).end_time).toBeNull()
  expect(appointmentOf({ id: 1n.toString(), entered_in_error_id: 7 }, true)).toMatchObject({
    entered_in_error: true,
    deleted: true,
  })
})

test.each<[FieldValue, boolean]>([
  [0, false],
  ['0', false],
  [false, false],
  ['f', false],
  ['FALSE', false],
  ['', false],
  [null, false],
  [1, true],
  [true, true],
  ['t', true],
  [17, true],
  ['5c1f7f0a-0c6b-4b39-93a3-7e0a6f0b8f4e', true],
])('entered in error: %j means %j', (entered_in_error_id, means) => {
  expect(appointmentOf({ id: 1, entered_in_error_id }, false).entered_in_error).toBe(means)
})

test('integers, floats and timestamps are typed without loss', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.double(), (integer, float) => {
      expect(String(valueReader(20)(String(integer)))).toBe(String(integer))
      const text = Number.isNaN(float) ? 'NaN' : String(float)
      const read = valueReader(701)(text)
      if (Number.isFinite(float)) expect(read).toBe(Number(text))
      else expect(read).toBe(text)
    }),
  )
  expect(valueReader(1700)('1.10')).toBe('1.10')
  expect(valueReader(16)('f')).toBe(false)
})

test('a timestamptz is itself but for its form, and reads back as the same appointment time', () => {
  const digits = fc.integer({ min: 0, max: 999_999 }).map((micros) => String(micros).padStart(6, '0'))
  const seconds = fc.integer({ min: new Date('0001-01-01T00:00:00Z').getTime() / 1000, max: 253_402_300_799 })
  fc.assert(
    fc.property(seconds, digits, (second, fraction) => {
      const [date, time] = new Date(second * 1000).toISOString().slice(0, 19).split('T')
      const trimmed = fraction.replace(/0+$/, '')
      const sent = `${date} ${time}${trimmed === '' ? '' : `.${trimmed}`}+00`
      const read = valueReader(1184)(sent)
      expect(read).toBe(`${date}T${time}${trimmed === '' ? '' : `.${fraction}`}+00:00`)
      expect(readMoment(read)).toBe(read)
      expect(readMoment(sent)).toBe(read)
    }),
  )
})

test('a lane is the appointment’s, else the patient’s, else the row’s own', () => {
  const anonymous = { ...appointment, externally_exposable_id: null }
  expect(laneOf(change())).toBe(`appointment ${appointment.externally_exposable_id}`)
  expect(laneOf(change({ appointment: anonymous }))).toBe('patient 3')
  expect(laneOf(change({ appointment: { ...anonymous, patient_id: null } }))).toBe('appointment 14')
  expect(laneOf(change({ appointment: null, model: 'lab', id: 7 }))).toBe('lab 7')
})

test('a mapped end takes the place of the duration; optional columns are needed only where they are mapped', () => {
  const options = { name: 'appointment', schema: 's', table: 't', changeType: 'APPOINTMENT', excluded: [] } as const
  const plain = makeModel({ ...options, columns: {} })
  expect([...plain.required.keys()]).not.toContain('provider_id')
  expect(plain.canonicalNames.get('provider_id')).toBe('provider_id')
  const ends = makeModel({ ...options, columns: { end_time: 'until', status: 'st' } })
  expect([...ends.required]).toContainEqual(['end_time', 'until'])
  expect([...ends.required.keys()]).not.toContain('duration_minutes')
  expect(ends.required.get('status')).toBe('st')
})

test('the least recently used patient is forgotten first, and each after its time', () => {
  const keys = new PatientKeys(2, 5000)
  keys.put('1', 'a', 0)
  keys.put('2', 'b', 0)
  expect(keys.get('1', 10)).toBe('a')
  keys.put('3', 'c', 20)
  expect([keys.get('1', 4999), keys.get('2', 20), keys.get('3', 4999)]).toEqual(['a', null, 'c'])
  expect([keys.get('1', 5000), keys.get('3', 5000)]).toEqual([null, 'c'])
})
