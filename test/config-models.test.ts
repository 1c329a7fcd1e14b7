// Which tables and columns the config may name, and which contradictions it is refused for.
import { describe, expect, test } from 'vitest'
import { makeModel } from '../src/change/model.js'
import { canonicalColumns } from '../src/config-models.js'
import { parseTableName } from '../src/config-schema.js'
import { load, problems, small } from './support/config.js'

describe('models', () => {
  const models = (value: object) => ({ ...small, models: value })

  test('may have other names, further tables and excluded columns', async () => {
    const value = {
      appointment: {
        table: 'api_appointment',
        columns: { id: 'dbid', end_time: 'ends' },
        exclude_columns: ['comment', 'status'],
      },
      lab_report: { table: 'lab.report', change_type: 'LAB_REPORT', columns: { id: 'dbid', anything: 'x' } },
    }
    const { models: loaded } = await load(models(value))
    expect(loaded.appointment).toEqual({ ...value.appointment, former_columns: {}, time_zone: 'UTC' })
    expect(loaded['lab_report']).toEqual({
      ...value.lab_report,
      former_columns: {},
      exclude_columns: [],
      time_zone: 'UTC',
    })
    expect(loaded.patient).toEqual({ table: 'public.patient', columns: {}, exclude_columns: [] })
  })

  const cases: [models: object, ...expected: string[]][] = [
    [
      { patient: { columns: { keys: 'k' } } },
      'models.patient.columns.keys: unknown key; did you mean "key"? expected one of id, key',
    ],
    [
      { patient: { table: 'a.b.c' } },
      'models.patient.table: expected schema.table, table, or quoted names: "My Schema"."Table"; found "a.b.c"',
    ],
    [
      { patient: { exclude_columns: ['key'] } },
      'models.patient.exclude_columns: the column of key is needed and cannot be excluded; found a list of 1 entry',
    ],
    [
      { patient: { columns: { key: 'k' }, exclude_columns: ['k', 'key'] } },
      'models.patient.exclude_columns: the column of key is needed and cannot be excluded; found a list of 2 entries',
    ],
    [
      { patient: { columns: { key: 'id' } } },
      'models.patient.columns.key: expected a column of its own, but id is mapped to it; found "id"',
    ],
    [
      { lab: { table: 'patient', change_type: 'LAB_REPORT' } },
      'models.lab.table: expected a table of its own, but models.patient has it; found "patient"',
    ],
    [
      { patiant: { change_type: 'PATIENT' } },
      'models.patiant.table: missing: only appointment, notestatechangeevent and patient have a default table',
    ],
    [
      { lab: { table: 'lab', change_type: 'LAB_REPORT', columns: { id: 'c' }, exclude_columns: ['c'] } },
      'models.lab.exclude_columns: the column of id is needed and cannot be excluded; found a list of 1 entry',
    ],
  ]
  test.each(cases)('%j are refused', async (value, ...expected) => {
    expect(await problems(models(value))).toEqual(expected)
  })

  test('of an unknown change type are told the known ones', async () => {
    const [problem] = await problems(models({ lab: { table: 'lab', change_type: 'LAB' } }))
    expect(problem).toMatch(
      /^models\.lab\.change_type: expected one of "ALLERGY_INTOLERANCE", .*"LAB_REPORT".*; found "LAB"$/,
    )
  })

  test.each(Object.entries(canonicalColumns))('%s may map every column that the daemon reads', (name, allowed) => {
    const read = makeModel({ name, schema: 's', table: 't', changeType: 'APPOINTMENT', columns: {}, excluded: [] })
    expect(allowed.filter((column) => column !== 'end_time').toSorted()).toEqual(
      [...read.canonicalNames.values()].toSorted(),
    )
  })
})

describe('a table name', () => {
  test.each([
    ['patient', 'public', 'patient'],
    ['clinic.patient', 'clinic', 'patient'],
    ['Clinic.Patient', 'Clinic', 'Patient'],
    ['"My Schema"."Ta.ble"', 'My Schema', 'Ta.ble'],
    ['"a""b".c', 'a"b', 'c'],
    ['"Patient"', 'public', 'Patient'],
  ])('%s is read', (text, schema, table) => {
    expect(parseTableName(text)).toEqual({ schema, table })
  })

  test.each(['', 'a.b.c', 'a.', '.a', 'a b', '"a', '""', 'a"b', ' a'])('%j is refused', (text) => {
    expect(() => parseTableName(text)).toThrow(RangeError)
  })
})
