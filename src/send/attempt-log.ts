// A line for each attempt, written when its outcome is in the journal. Holds what spec section 10 allows and nothing else:
// no path, no header, no body.
import type { Log } from '../base/log.js'
import { formatLsn } from '../capture/lsn.js'
import type { Settlement } from '../journal/delivery.js'

export class AttemptLog {
  constructor(private readonly log: Log) {}

  write(settlement: Settlement): void {
    const { delivery, attempt } = settlement
    const endedAt = attempt.startedAt + attempt.durationMs
    const facts = {
      lsn: delivery.commitLsn === null ? null : formatLsn(delivery.commitLsn),
      webhook_id: delivery.webhookId,
      endpoint: delivery.endpoint,
      notification: delivery.notification,
      appointment_external_id: delivery.appointmentExternalId,
      sequence: delivery.sequence,
      attempt: attempt.number,
      status: attempt.status,
      duration_ms: tenths(attempt.durationMs),
      lag_ms: delivery.committedAt === null ? null : tenths(endedAt - delivery.committedAt / 1000),
    }
    switch (settlement.tag) {
      case 'delivered':
        this.log.info(facts, 'notification delivered')
        return
      case 'retry': {
        const retryAt = new Date(attempt.startedAt + settlement.retryAt - settlement.triedAt).toISOString()
        this.log.warn({ ...facts, error: attempt.error, retry_at: retryAt }, 'notification failed')
        return
      }
      case 'dead':
        this.log.error({ ...facts, error: attempt.error }, 'notification dead')
        return
      default:
        settlement satisfies never
    }
  }
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10
