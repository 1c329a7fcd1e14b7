// The daemon's reads of the clinical database, as the settings have them, with what they say on the side going to the log.
import { errorCode } from './base/errors.js'
import type { Log } from './base/log.js'
import { ClinicalDatabase } from './change/clinical-database.js'
import type { Settings } from './settings.js'

/** Connects at the first query. To be closed by the caller. */
export const openClinical = ({ address, clinical }: Settings, log: Log): ClinicalDatabase =>
  new ClinicalDatabase(
    address,
    clinical,
    (error) => log.debug({ code: errorCode(error) }, 'an idle connection to the clinical database ended'),
    (column, values) => log.warn({ column, values }, 'rows name what this column cannot hold: taken as of no such row'),
  )
