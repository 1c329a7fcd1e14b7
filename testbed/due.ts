// What a clinic's act makes due, by spec section 5. Written from the specification and sharing no code with the daemon,
// so that comparing the two means something.

export interface Due {
  readonly notification: 'created' | 'rescheduled' | 'cancelled' | 'no_show' | 'reverted' | 'checked_in'
  readonly appointment_external_id: string
  /** Null where the appointment has no patient. */
  readonly canvas_patient_key: string | null
  /** The appointment's times after the act, as payloads print them; only `created` and `rescheduled` send them. */
  readonly start_time: string | null
  readonly end_time: string | null
}

/** The exact payload, keys in the order of the source document. */
export function payloadOf(due: Due): Readonly<Record<string, string | boolean | null>> {
  const { canvas_patient_key, appointment_external_id, start_time, end_time, notification } = due
  return notification === 'created' || notification === 'rescheduled'
    ? { canvas_patient_key, appointment_external_id, start_time, end_time, [notification]: true }
    : { canvas_patient_key, [notification]: true, appointment_external_id }
}

/** A moment, to the microsecond. */
export interface Moment {
  /** Unix seconds. */
  readonly seconds: number
  /** 0 to 999,999. */
  readonly micros: number
}

/** `2021-12-24T21:30:00+00:00`, with six digits of fraction where it is not zero. */
export function printMoment({ seconds, micros }: Moment): string {
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}+00:00`
}

/** The same moment as a clock in another zone shows it (`2021-12-24T23:30:00+02:00`), for writing to the database. */
export function printMomentAt({ seconds, micros }: Moment, offsetHours: number): string {
  const sign = offsetHours < 0 ? '-' : '+'
  const offset = `${sign}${String(Math.abs(offsetHours)).padStart(2, '0')}:00`
  return printMoment({ seconds: seconds + offsetHours * 3600, micros }).replace('+00:00', offset)
}
