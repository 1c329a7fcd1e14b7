// Resolved changes in, the same with every protocol's outcome and the notifications that are owed out. Computes only; what
// it says is owed becomes a debt when the journal has it (law 2).
import type { Log } from '../base/log.js'
import { packageFile } from '../base/places.js'
import { isoMicros } from '../base/time.js'
import { formatLsn } from '../capture/lsn.js'
import type { ResolvedChange } from '../change/captured-change.js'
import { changeTypeOf } from '../change/change-type.js'
import type { PatientAppointment } from '../change/patient-appointments.js'
import {
  appointmentNotification,
  judgeAppointmentChange,
  type NoteStates,
  type NotificationName,
} from './appointment-notification.js'
import type { ComputedChange, OwedNotification, ProtocolOutcome, Source } from './computed-change.js'
import { logIdle } from './idle-protocol.js'
import { failureFacts } from './protocol-failure.js'
import { STATUS_NOT_APPLICABLE } from './protocol-result.js'
import { UserProtocols } from './user-protocols.js'
import { webhookId } from './webhook-id.js'
import type { LoadedProtocol, Run } from './worker-messages.js'

export interface ComputeOptions {
  readonly noteStates: NoteStates
  /** The built-in protocol serves these. */
  readonly endpoints: readonly { readonly name: string; readonly notifications: ReadonlySet<NotificationName> }[]
  /** Absolute paths of users' protocols; none: no thread is started. */
  readonly files: readonly string[]
  readonly settings: Readonly<Record<string, unknown>>
  /** Of one compute of a user's protocol. */
  readonly timeoutMs: number
  readonly log: Log
  /** By patient id, newest first; asked once for a batch on which users' protocols run. Retries what is transient. */
  appointments(patientIds: readonly string[]): Promise<ReadonlyMap<string, readonly PatientAppointment[]>>
}

export class Compute {
  #endpoints: ComputeOptions['endpoints']

  private constructor(
    private readonly options: ComputeOptions,
    private readonly users: UserProtocols | null,
  ) {
    this.#endpoints = options.endpoints
  }

  /** @throws ProtocolLoadError */
  static async load(options: ComputeOptions): Promise<Compute> {
    if (options.files.length === 0) return new Compute(options, null)
    const users = await UserProtocols.load({
      ...options,
      endpoints: options.endpoints.map((endpoint) => endpoint.name),
      url: packageFile('dist/compute/worker.js'),
    })
    logIdle(users.protocols, options.log)
    return new Compute(options, users)
  }

  /** Users' protocols; the built-in one is always there. */
  get protocols(): readonly LoadedProtocol[] {
    return this.users?.protocols ?? []
  }

  /** Notifications go to these from the next batch on. */
  serve(endpoints: ComputeOptions['endpoints']): void {
    this.#endpoints = endpoints
    this.users?.serve(endpoints.map(({ name }) => name))
  }

  /** @throws StreamError when closed meanwhile; what the clinical database throws that no retry mends. */
  async compute(changes: readonly ResolvedChange[], source: Source): Promise<readonly ComputedChange[]> {
    const builtIn = changes.map((change) => this.#builtIn(change, source))
    return this.users === null ? builtIn : await this.#byUsers(this.users, builtIn, source)
  }

  async close(): Promise<void> {
    await this.users?.close()
  }

  #builtIn(change: ResolvedChange, source: Source): ComputedChange {
    if (change.operation === 'truncate') return { ...change, outcomes: [], notifications: [] }
    if (change.changeType !== 'APPOINTMENT') return { ...change, outcomes: [], notifications: [] }
    const verdict = judgeAppointmentChange(change, this.options.noteStates)
    if (verdict.tag === 'nothing') return { ...change, outcomes: [builtInOutcome(verdict.reason)], notifications: [] }
    const { notification, payload } = verdict
    const body = JSON.stringify(payload)
    const notifications: OwedNotification[] = []
    for (const { name: endpoint, notifications: wanted } of this.#endpoints) {
      if (!wanted.has(notification)) continue
      const { commitLsn, ordinal } = change
      const identity = {
        source,
        commitLsn,
        ordinal,
        protocol: appointmentNotification,
        endpoint,
        index: 0,
        generation: 0,
      }
      const owed = { protocol: appointmentNotification, endpoint, url: null, notification, headers: {}, body }
      notifications.push({ ...owed, webhookId: webhookId(identity) })
    }
    const reason = notifications.length === 0 ? `no endpoint asks for ${notification}` : null
    return { ...change, outcomes: [builtInOutcome(reason)], notifications }
  }

  async #byUsers(users: UserProtocols, changes: ComputedChange[], source: Source): Promise<ComputedChange[]> {
    const computes = changes.flatMap((change, at) => {
      if (change.operation === 'truncate') return []
      const type = changeTypeOf(change.changeType)
      const patient = patientOf(change)
      return users.protocols
        .filter(({ changeTypes }) => changeTypes.includes(type))
        .map(({ name }) => ({ at, name, change, patient }))
    })
    if (computes.length === 0) return changes
    const patients = new Set(computes.flatMap(({ patient }) => patient ?? []))
    const appointments = await this.options.appointments([...patients])
    const runs = computes.map(({ at, name, change, patient }) => {
      const known = patient === null ? none : (appointments.get(patient) ?? none)
      return { at, run: runOf(name, change, source, known) }
    })
    const results = await users.run(runs.map(({ run }) => run))
    const computed = [...changes]
    for (const [index, { at, run }] of runs.entries()) {
      const result = results[index]
      const change = computed[at]
      if (result === undefined || change === undefined) throw new TypeError('a run is without a result')
      this.#logFailure(run, result.outcome)
      const outcomes = [...change.outcomes, result.outcome]
      computed[at] = { ...change, outcomes, notifications: [...change.notifications, ...result.notifications] }
    }
    return computed
  }

  #logFailure(run: Run, outcome: ProtocolOutcome): void {
    if (outcome.tag !== 'failed') return
    const { lsn } = run.change
    this.options.log.warn({ protocol: run.protocol, lsn, ...failureFacts(outcome) }, 'protocol failed')
  }
}

const none: readonly PatientAppointment[] = []

function patientOf({ appointment, image }: ResolvedChange): string | null {
  const id = appointment?.patient_id ?? image['patient_id'] ?? null
  return id === null ? null : String(id)
}

function runOf(
  protocol: string,
  change: ResolvedChange,
  source: Source,
  appointments: readonly PatientAppointment[],
): Run {
  const { commitLsn, ordinal, fieldChanges, appointment, patientKey, committedAt } = change
  const toldFrom = change.oldRowFrom === undefined ? {} : { oldRowFrom: change.oldRowFrom }
  return {
    protocol,
    source,
    commitLsn,
    ordinal,
    fieldChanges,
    appointment,
    appointments,
    patientKey,
    change: { lsn: formatLsn(commitLsn), committedAt: isoMicros(committedAt), ...toldFrom },
  }
}

const builtInOutcome = (reason: string | null): ProtocolOutcome => ({
  tag: 'computed',
  protocol: appointmentNotification,
  status: STATUS_NOT_APPLICABLE,
  narratives: [],
  recommendations: [],
  due_in: null,
  reason,
})
