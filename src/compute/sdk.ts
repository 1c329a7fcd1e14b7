// The names that `import … from 'notification-protocol'` gives to a user's protocol while the daemon runs: this very
// module's, wherever the file lies. The package root exports the same, and a test holds the two together.
import { CHANGE_TYPE } from '../change/change-type.js'
import { Patient } from './patient.js'
import { ClinicalQualityMeasure } from './protocol.js'
import {
  ProtocolResult,
  STATUS_DUE,
  STATUS_NOT_APPLICABLE,
  STATUS_NOT_RELEVANT,
  STATUS_PENDING,
  STATUS_SATISFIED,
  STATUS_SNOOZED,
  STATUS_UNCHANGED,
} from './protocol-result.js'
import { send_notification } from './send-notification.js'

export const sdk = {
  CHANGE_TYPE,
  ClinicalQualityMeasure,
  Patient,
  ProtocolResult,
  STATUS_DUE,
  STATUS_NOT_APPLICABLE,
  STATUS_NOT_RELEVANT,
  STATUS_PENDING,
  STATUS_SATISFIED,
  STATUS_SNOOZED,
  STATUS_UNCHANGED,
  send_notification,
} as const
