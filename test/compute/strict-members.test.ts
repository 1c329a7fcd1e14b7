// What a port reads of the workflow kit and the SDK has not: always a sentence that names it, and never `undefined`.
import { describe, expect, test } from 'vitest'
import type { FieldChanges } from '../../src/change/captured-change.js'
import type { PatientAppointment } from '../../src/change/patient-appointments.js'
import { Patient } from '../../src/compute/patient.js'
import { ClinicalQualityMeasure } from '../../src/compute/protocol.js'
import { ProtocolResult } from '../../src/compute/protocol-result.js'
import { strict } from '../../src/compute/strict-members.js'

const booked = { id: 40, state: 'BKD', created: null }
const one: PatientAppointment = {
  id: 14,
  externallyExposableId: 'e999b5c7-d12f-498c-816a-f3c66946a911',
  noteId: 26,
  startTime: null,
  endTime: null,
  state: { ...booked, note: 26 },
  stateHistory: [booked],
}
const patient = strict('patient', new Patient('key', [one]))

class Own extends ClinicalQualityMeasure {
  readonly now = '2026-11-24'
  in_denominator() {
    return true
  }
  compute_results() {
    return new ProtocolResult()
  }
}
const measure = new Own({
  field_changes: {} as FieldChanges,
  patient,
  appointment: null,
  settings: {},
  change: { lsn: '0/1', committedAt: '' },
  log: console,
})

/** As JavaScript reads it, whatever the types say. */
const read = (of: object, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((from, key) => Reflect.get(from as object, key), of)

describe('a member that the kit has', () => {
  test.each<[object, (string | number)[], string]>([
    [patient, ['first_name'], 'patient.first_name'],
    [patient, ['conditions'], 'patient.conditions'],
    [patient, ['upcoming_appointments'], 'patient.upcoming_appointments'],
    [patient, ['patient', 'firstName'], 'patient.patient.firstName'],
    [patient, ['appointments', 'last_value'], 'patient.appointments.last_value'],
    [patient, ['appointments', 0, 'reasonForVisit'], 'patient.appointments[…].reasonForVisit'],
    [patient, ['appointments', 0, 'state', 'display'], 'patient.appointments[…].state.display'],
    [patient, ['appointments', 0, 'stateHistory', 0, 'note'], 'patient.appointments[…].stateHistory[…].note'],
    [new ProtocolResult(), ['narrative'], 'result.narrative'],
    [new ProtocolResult(), ['add_lab_recommendation'], 'result.add_lab_recommendation'],
    [measure, ['timeframe'], 'this.timeframe'],
    [measure, ['in_numerator'], 'this.in_numerator'],
  ])('%# is named', (of, path, name) => {
    expect(() => read(of, ...path)).toThrow(`this SDK has no ${name}: `)
    expect(() => `${read(of, ...path)}`).toThrow(TypeError)
  })

  test.each(['narrative', 'days_of_notice', 'next_review'])('and that would be lost when it is set: %s', (name) => {
    expect(() => Reflect.set(new ProtocolResult(), name, 30)).toThrow(`this SDK has no result.${name}: `)
  })

  test('may be the protocol’s own', () => {
    expect([measure.now, measure.in_denominator()]).toEqual(['2026-11-24', true])
  })
})

test('what is there is as plain as it looks', async () => {
  const { appointments } = patient
  expect(JSON.parse(JSON.stringify(appointments))).toEqual([one])
  expect(await Promise.resolve(patient)).toBe(patient)
  expect([Array.isArray(appointments), appointments[1], appointments.at(-1)?.id]).toEqual([true, undefined, 14])
  expect('reasonForVisit' in (appointments[0] ?? {})).toBe(false)
  appointments.sort(() => 1).pop()
  const other = new Patient('key', [one])
  expect(other.appointments).toHaveLength(1)
  expect(() => Object.assign(other.appointments[0] ?? {}, { id: 15 })).toThrow(TypeError)
})
