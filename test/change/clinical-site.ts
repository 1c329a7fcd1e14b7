// A clinic with a few patients, notes and appointments, and the daemon's reads of it, for tests of the resolver and of these reads.
import { onTestFinished } from 'vitest'
import { ClinicalDatabase } from '../../src/change/clinical-database.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { clinicalModels } from './captured.js'

/** The daemon's own connection, how often it was asked for what, and what it said that no column can hold. */
export function clinical(database: Pick<TestDatabase, 'url'>, models = clinicalModels) {
  const unheld: [column: string, values: number][] = []
  const onUnheld = (column: string, values: number) => void unheld.push([column, values])
  const real = new ClinicalDatabase({ url: database.url, tls: null }, models, () => undefined, onUnheld)
  onTestFinished(() => real.close())
  const asked: [notes: readonly string[], patients: readonly string[]][] = []
  const lookup: ClinicalDatabase['lookup'] = (notes, patients, atMost) => {
    asked.push([notes, patients])
    return real.lookup(notes, patients, atMost)
  }
  return { real, lookup, asked, unheld }
}

/** Patients 1 to 3 with keys `key-1` …, notes 1 to 9, appointments 11 and 12 on notes 1 and 2, 21 to 23 on note 3. */
export async function site(sql = ''): Promise<TestDatabase> {
  const database = await createTestDatabase()
  await database.query(`
    INSERT INTO patient (id, key, first_name, last_name, birth_date)
    SELECT i, 'key-' || i, 'F', 'L', '2000-01-01' FROM generate_series(1, 3) i;
    INSERT INTO note (id, provider_id, note_type_id) SELECT i, 1, 1 FROM generate_series(1, 9) i;
    INSERT INTO appointment (id, patient_id, provider_id, start_time, duration_minutes, note_id, entered_in_error_id) VALUES
      (11, 1, 1, '2026-07-01 10:00:00.5+02', 20, 1, NULL), (12, 2, 1, '2026-07-02 10:00+02', 20, 2, NULL),
      (21, 1, 1, NULL, 20, 3, NULL), (22, 1, 1, NULL, 20, 3, NULL), (23, 1, 1, NULL, 20, 3, 7); ${sql}`)
  return database
}
