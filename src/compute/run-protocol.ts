// One compute of one user's protocol: a run in, its outcome and what it owes out. A protocol that throws has failed and
// owes nothing; its message and stack go to the journal, never to the log.
import type { ProtocolOutcome } from './computed-change.js'
import { Patient } from './patient.js'
import type { ProtocolLog } from './protocol.js'
import { ProtocolResult } from './protocol-result.js'
import type { Protocol } from './registry.js'
import { Outbox } from './send-notification.js'
import { strict } from './strict-members.js'
import type { Run, RunResult } from './worker-messages.js'

export interface RunOptions {
  readonly endpoints: ReadonlySet<string>
  readonly settings: Readonly<Record<string, unknown>>
  readonly log: ProtocolLog
}

/** Never rejects. */
export async function runProtocol(protocol: Protocol, run: Run, options: RunOptions): Promise<RunResult> {
  const { source, commitLsn, ordinal, appointment } = run
  const { name } = protocol
  const outbox = new Outbox({
    endpoints: options.endpoints,
    protocol: name,
    notification: name,
    identity: { source, commitLsn, ordinal },
  })
  try {
    const result = await outbox.collect(async () => {
      const measure = new protocol.construct({
        field_changes: strict('field_changes', run.fieldChanges),
        patient: strict('patient', new Patient(run.patientKey, run.appointments)),
        appointment: appointment === null ? null : strict('this.appointment', appointment),
        settings: options.settings,
        change: run.change,
        log: options.log,
      })
      return measure.compute_results()
    })
    if (!(result instanceof ProtocolResult)) throw new TypeError('compute_results returned no ProtocolResult')
    return { outcome: outcomeOf(name, result), notifications: outbox.notifications }
  } catch (error) {
    return { outcome: failureOf(name, error), notifications: [] }
  }
}

function outcomeOf(protocol: string, result: ProtocolResult): ProtocolOutcome {
  const { status, narratives, recommendations, due_in } = result
  const plain = { narratives: [...narratives], recommendations: [...recommendations], due_in }
  // Results are journaled as JSON; what JSON cannot hold is the protocol's error, and found here.
  const copied = JSON.parse(JSON.stringify(plain)) as typeof plain
  return { tag: 'computed', protocol, status: String(status), ...copied, reason: null }
}

function failureOf(protocol: string, error: unknown): ProtocolOutcome {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  // `Error.prepareStackTrace` can make it anything.
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : null
  return { tag: 'failed', protocol, cause: 'threw', message, stack }
}
