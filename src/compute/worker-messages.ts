// What the daemon's thread and the protocols' thread say to each other. Plain data: it crosses by structured clone.

import type { Lsn } from '../capture/lsn.js'
import type { Appointment, FieldChanges } from '../change/captured-change.js'
import type { ChangeType } from '../change/change-type.js'
import type { PatientAppointment } from '../change/patient-appointments.js'
import type { OwedNotification, ProtocolOutcome, Source } from './computed-change.js'
import type { ChangeFacts } from './protocol.js'

export interface WorkerOptions {
  readonly files: readonly string[]
  readonly settings: Readonly<Record<string, unknown>>
  /** One Int32: the index of the run in progress, −1 while idle. Read by the daemon's thread without asking. */
  readonly progress: SharedArrayBuffer
}

/** What the daemon's thread knows of a loaded protocol. */
export interface LoadedProtocol {
  readonly name: string
  readonly file: string
  readonly title: string
  readonly version: string
  /** Empty: it never computes. */
  readonly changeTypes: readonly ChangeType[]
  /** Why it never computes; null where it does. */
  readonly idle: 'abstract' | 'not enabled' | 'no change types' | null
}

/** One protocol's compute of one change. */
export interface Run {
  readonly protocol: string
  readonly source: Source
  readonly commitLsn: Lsn
  readonly ordinal: number
  readonly fieldChanges: FieldChanges
  readonly appointment: Appointment | null
  /** Of the change's patient, newest first; one array for all runs of that patient. */
  readonly appointments: readonly PatientAppointment[]
  readonly patientKey: string | null
  readonly change: ChangeFacts
}

export interface RunResult {
  readonly outcome: ProtocolOutcome
  readonly notifications: readonly OwedNotification[]
}

/** Runs them in order; answers each with `ran`. `endpoints`: the names that are configured now. */
export type ToWorker = { readonly tag: 'run'; readonly runs: readonly Run[]; readonly endpoints: readonly string[] }

export type FromWorker =
  | { readonly tag: 'loaded'; readonly protocols: readonly LoadedProtocol[] }
  | { readonly tag: 'load failed'; readonly file: string; readonly message: string }
  | { readonly tag: 'ran'; readonly result: RunResult }
  | {
      readonly tag: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly protocol: string
      readonly lsn: string
      readonly message: string
    }
