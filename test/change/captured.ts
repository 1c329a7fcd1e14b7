// Captured changes and the default models, for tests of the resolver.
import type { CapturedChange, FieldValue } from '../../src/change/captured-change.js'
import type { ClinicalModels } from '../../src/change/clinical-database.js'
import { makeModel } from '../../src/change/model.js'
import { type ChangeParts, change } from '../compute/changes.js'

const model = (name: string, table: string) =>
  makeModel({ name, schema: 'public', table, changeType: 'APPOINTMENT', columns: {}, excluded: [] })

export const clinicalModels: ClinicalModels = {
  appointment: model('appointment', 'appointment'),
  noteState: model('notestatechangeevent', 'note_state_change_event'),
  patient: model('patient', 'patient'),
}

/** Of the row `image`, not yet resolved. */
export function captured(
  name: string,
  image: Readonly<Record<string, FieldValue>>,
  parts: Pick<ChangeParts, 'commitLsn' | 'ordinal' | 'operation'>,
): CapturedChange {
  const { appointment: _, resolvedFrom: _from, patientKey: _key, ...rest } = change({ ...parts, model: name })
  return { ...rest, image }
}
