// Databases that are not in UTF-8, with bytes that their server cannot convert: the row is told, and all rows behind it.
import { describe, expect, test } from 'vitest'
import { ClinicalDatabase } from '../../src/change/clinical-database.js'
import { clinicalModels } from '../change/captured.js'
import { capturedOf, followed, rowModel } from '../support/changes.js'
import { createTestDatabase } from '../support/database.js'

const table = (column: string) =>
  `CREATE TABLE row (id int PRIMARY KEY, "${column}" text, note text); ALTER TABLE row REPLICA IDENTITY FULL`

/** `\xHH` for each byte, as the server takes it under its own encoding. */
const bytes = (hex: string) => `convert_from('\\x${hex}'::bytea, getdatabaseencoding())`

describe.each([
  // José in Latin-1, and in UTF-8; half a character of UTF-8.
  [
    'SQL_ASCII',
    [
      ['4a6f73e9', 'José'],
      ['4a6f73c3a9', 'José'],
      ['61c3', 'aÃ'],
    ],
  ],
  // The second byte is none of Windows-1252.
  [
    'WIN1252',
    [
      ['788179', 'x\u0081y'],
      ['80', '€'],
      ['8d8f909d', '\u008d\u008f\u0090\u009d'],
    ],
  ],
  [
    'LATIN1',
    [
      ['4a6f73e9', 'José'],
      ['80', '\u0080'],
    ],
  ],
  ['LATIN9', [['a4', '€']]],
  [
    'WIN1251',
    [
      ['cff0e8e2e5f2', 'Привет'],
      ['98', '\u0098'],
    ],
  ],
  [
    'EUC_JP',
    [
      ['c6fccbdc', '日本'],
      ['a2af', '¢¯'],
    ],
  ],
  ['EUC_KR', [['c7d1b1db', '한글']]],
  ['KOI8R', [['f0d2c9d7c5d4', 'Привет']]],
  [
    'EUC_TW',
    [
      ['616263', 'abc'],
      ['c4e3', 'Äã'],
    ],
  ],
] as const)('in %s', (encoding, values) => {
  test('every byte is told, and every row behind it', async () => {
    const follow = await followed(table('note text'), undefined, encoding)
    await using database = follow.database
    for (const [at, [hex]] of values.entries()) {
      await database.query(`INSERT INTO row VALUES (${at}, ${bytes(hex)}, 'plain')`)
      await database.query(`UPDATE row SET note = ${bytes(hex)} || '!' WHERE id = ${at}`)
    }
    const changes = await capturedOf(follow, [rowModel()])
    expect(changes.map(({ fieldChanges }) => fieldChanges.fields)).toEqual(
      values.flatMap(([, text], at) => [
        { id: [null, at], 'note text': [null, text], note: [null, 'plain'] },
        { note: ['plain', `${text}!`] },
      ]),
    )
  })
})

test('names that are not UTF-8 in a database without an encoding are read, and stop no look at the catalogs', async () => {
  const follow = await followed(table('plain'), undefined, 'SQL_ASCII')
  await using database = follow.database
  await database.query(`SET client_encoding = 'SQL_ASCII';
    DO $$ BEGIN EXECUTE 'ALTER TABLE row RENAME plain TO "gr' || ${bytes('f6')} || 'sse"'; END $$`)
  await database.query(`INSERT INTO row VALUES (1, ${bytes('fc')})`)
  const changes = await capturedOf(follow, [rowModel()])
  expect(changes.map(({ fieldChanges }) => fieldChanges.fields)).toEqual([{ id: [null, 1], grösse: [null, 'ü'] }])
})

test.each([
  ['SQL_ASCII', '4be9', 'Ké'],
  ['WIN1252', '4b81', 'K\u0081'],
])('look-ups in %s give what the WAL would', async (encoding, hex, key) => {
  await using database = await createTestDatabase({ migrations: [], encoding })
  await database.query(`CREATE TABLE patient (id int PRIMARY KEY, key text);
    CREATE TABLE appointment (id int PRIMARY KEY, externally_exposable_id text, patient_id int, appointment_rescheduled_from_id int,
      start_time timestamptz, duration_minutes int, note_id int, entered_in_error_id int, status text);
    CREATE TABLE note_state_change_event (id int PRIMARY KEY, note_id int, state text);
    INSERT INTO patient VALUES (1, ${bytes(hex)});
    INSERT INTO appointment VALUES (1, ${bytes(hex)}, 1, NULL, '2026-07-01 10:00+00', 20, 5, NULL, 'x');
    INSERT INTO note_state_change_event VALUES (1, 5, ${bytes(hex)});
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO notifyd`)
  const clinic = new ClinicalDatabase({ url: database.url, tls: null }, clinicalModels, () => undefined)
  try {
    const { appointments, patientKeys } = await clinic.lookup(['5'], [], 9)
    expect(appointments.map((one) => one.externally_exposable_id)).toEqual([key])
    expect(patientKeys.get('1')).toBe(key)
    expect((await clinic.appointmentsOf(['1'])).get('1')).toMatchObject([{ stateHistory: [{ state: key }] }])
  } finally {
    await clinic.close()
  }
})
