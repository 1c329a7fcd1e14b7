// The look-ups of `run`, tried by `check`: with the mapped columns, for no row. In: the settings. Out: a finding with the server's
// own sentence and the keys of the config to correct. Owns that what would end a start is said before it.
import { errorCode } from './base/errors.js'
import { createLog } from './base/log.js'
import { type Finding, fail, ok } from './capture/finding.js'
import type { ClinicalDatabase } from './change/clinical-database.js'
import { openClinical } from './open-clinical.js'
import type { Settings } from './settings.js'

interface Trial {
  readonly what: string
  readonly keys: string
  readonly ask: (clinical: ClinicalDatabase) => Promise<unknown>
}

const ofNotes: Trial = {
  what: 'appointments by note, with their patients’ keys',
  keys: 'models.appointment.columns.patient_id and models.patient.columns.id name columns that are held against each other',
  ask: (clinical) => clinical.lookup([], [], 1),
}

const ofPatients: Trial = {
  what: 'appointments of a patient, with their states',
  keys: 'models.notestatechangeevent.columns.note_id and models.appointment.columns.note_id name columns that are held against each other',
  ask: (clinical) => clinical.tryAppointmentsOf(),
}

const viewRemedy = 'correct them, or map a view as the patient table that casts its id'

/** @param hasProtocols whose `appointments` ask for those of a patient */
export async function tryLookups(settings: Settings, hasProtocols: boolean): Promise<readonly Finding[]> {
  const clinical = openClinical(settings, createLog({ level: 'silent' }))
  const findings: Finding[] = []
  try {
    for (const { what, keys, ask } of hasProtocols ? [ofNotes, ofPatients] : [ofNotes]) {
      const title = `look-up: ${what}`
      try {
        await ask(clinical)
        findings.push(ok(title, 'it can be asked'))
      } catch (error) {
        if (isOfItsOwn(error))
          findings.push(fail(title, `it cannot be asked: ${sentenceOf(error)}`, `${keys}: ${viewRemedy}`))
      }
    }
    return findings
  } finally {
    await clinical.close()
  }
}

/** One line. Of a query without a value it quotes none. */
const sentenceOf = (error: unknown): string =>
  error instanceof Error ? error.message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300) : 'the server says nothing'

/** SQLSTATE class 42 is the query's own fault. A table, column or grant that is not there is told with what mends it by others. */
const isOfItsOwn = (error: unknown): boolean => {
  const code = errorCode(error) ?? ''
  return code.startsWith('42') && !['42P01', '42703', '42501', '42704'].includes(code)
}
