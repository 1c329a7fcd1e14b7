// A clinic at work on its database, in real transactions. In: a connection, a seed. Out: rows as an application writes
// them, and for each act what is due by the specification. One clinic is one receptionist: acts follow one another.
import type pg from 'pg'
import { type AppointmentRow, ClinicTables, type Patient } from './clinic-tables.js'
import { type Due, type Moment, printMoment } from './due.js'
import { type Random, seededRandom } from './random.js'

/** A note and its appointments: the first one, and one more for each rescheduling in the UI. */
export interface Booking {
  readonly noteId: string
  readonly patient: Patient | null
  /** In the order of their ids; never empty. */
  readonly appointments: AppointmentRow[]
  state: 'booked' | 'cancelled' | 'checked in' | 'missed'
}

export interface BookOptions {
  /** Null: a slot held for nobody. Default: one of the clinic's patients. */
  readonly patient?: Patient | null
  readonly start?: Moment | null
  readonly minutes?: number | null
  /** The appointment's; default: the table's next one. */
  readonly id?: string
}

const nothing = null

export class Clinic {
  readonly bookings: Booking[] = []
  readonly patients: Patient[] = []
  readonly random: Random
  readonly #client: pg.ClientBase
  readonly #tables: ClinicTables

  /** Two clinics in one database need two seeds (and two connections). */
  constructor(client: pg.ClientBase, options: { readonly seed?: number } = {}) {
    this.#client = client
    this.random = seededRandom(options.seed ?? 1)
    this.#tables = new ClinicTables(client, this.random)
  }

  /** Names, comments and patient keys that were written, rolled back ones too: none of these may reach a log. */
  get privateTexts(): ReadonlySet<string> {
    return this.#tables.privateTexts
  }

  /** From now on the appointment table has another name, as SQL (`attic.appointment`). */
  set appointmentTable(name: string) {
    this.#tables.appointmentTable = name
  }

  async admit(): Promise<Patient> {
    const patient = await this.#tables.insertPatient()
    this.patients.push(patient)
    return patient
  }

  /** Note, appointment and the note's first two states, in one transaction. Due: created. */
  async book(options: BookOptions = {}): Promise<{ readonly booking: Booking; readonly due: Due }> {
    const booking = await this.#transaction(() => this.#insertBooking(options))
    return this.#booked(booking)
  }

  /** As `book`, but its transaction is rolled back. Due: nothing. */
  async bookAndRollBack(options: BookOptions = {}): Promise<null> {
    await this.#client.query('BEGIN')
    await this.#insertBooking(options)
    await this.#client.query('ROLLBACK')
    return nothing
  }

  /** A booking undone by a savepoint, then another one in the same transaction. Due: the second's created. */
  async bookAtSecondTry(options: BookOptions = {}): Promise<{ readonly booking: Booking; readonly due: Due }> {
    const booking = await this.#transaction(async () => {
      await this.#client.query('SAVEPOINT first_try')
      await this.#insertBooking(options)
      await this.#client.query('ROLLBACK TO SAVEPOINT first_try')
      return this.#insertBooking(options)
    })
    return this.#booked(booking)
  }

  /** As the UI does it: a new appointment on the same note replaces the latest one. Due: rescheduled, of the new one. */
  async rescheduleByReplacement(booking: Booking, start = this.nextStart()): Promise<Due> {
    const replaced = latest(booking)
    const row = await this.#transaction(async () => {
      await this.#tables.markRescheduled(replaced.id)
      const { patient, noteId } = booking
      return this.#tables.insertAppointment({
        patient,
        noteId,
        start,
        minutes: replaced.minutes,
        replaces: replaced.id,
      })
    })
    booking.appointments.push(row)
    return dueOf('rescheduled', booking, row)
  }

  /** As the FHIR API does it: the start time changes in place. Due: rescheduled, unless nothing changed. */
  async rescheduleInPlace(booking: Booking, start = this.nextStart()): Promise<Due | null> {
    const row = latest(booking)
    const same = row.start !== null && printMoment(row.start) === printMoment(start)
    await this.#tables.updateStart(row.id, start)
    row.start = start
    return same ? nothing : dueOf('rescheduled', booking, row)
  }

  /** State CLD. Due: cancelled. */
  cancel(booking: Booking): Promise<Due> {
    booking.state = 'cancelled'
    return this.#changeState(booking, 'CLD', 'cancelled')
  }

  /** State RVT. Due: reverted. */
  restore(booking: Booking): Promise<Due> {
    booking.state = 'booked'
    return this.#changeState(booking, 'RVT', 'reverted')
  }

  /** State CVD. Due: checked_in. */
  checkIn(booking: Booking): Promise<Due> {
    booking.state = 'checked in'
    return this.#changeState(booking, 'CVD', 'checked_in')
  }

  /** State NSW. Due: no_show. */
  miss(booking: Booking): Promise<Due> {
    booking.state = 'missed'
    return this.#changeState(booking, 'NSW', 'no_show')
  }

  /** The latest appointment was a mistake: later states are about the one before it, where there is one. Due: nothing. */
  async enterInError(booking: Booking): Promise<null> {
    const row = latest(booking)
    await this.#tables.markEnteredInError(row.id)
    row.enteredInError = true
    return nothing
  }

  /** A note that no appointment belongs to, and a state of it which would notify otherwise. Due: nothing. */
  async writeNote(): Promise<null> {
    await this.#transaction(async () => {
      const noteId = await this.#tables.insertNote(this.random.pick([null, ...this.patients]))
      await this.#tables.insertState(noteId, 'NEW')
      await this.#tables.insertState(noteId, this.random.pick(['LKD', 'CLD', 'RVT']))
    })
    return nothing
  }

  /** Edits that notify nothing: the comment, and a note's state that is not one of the four. Due: nothing. */
  async editComment(booking: Booking): Promise<null> {
    await this.#transaction(async () => {
      await this.#tables.updateComment(latest(booking).id)
      await this.#tables.insertState(booking.noteId, this.random.pick(['PSH', 'ULK', 'CNF', 'SGN']))
    })
    return nothing
  }

  /** A start time on a quarter of an hour within two weeks around the change of clocks; one in four has microseconds. */
  nextStart(): Moment {
    const seconds = Date.UTC(2026, 2, 22) / 1000 + this.random.below(14 * 24 * 4) * 900
    return { seconds, micros: this.random.below(4) === 0 ? this.random.below(1_000_000) : 0 }
  }

  #booked(booking: Booking): { readonly booking: Booking; readonly due: Due } {
    this.bookings.push(booking)
    return { booking, due: dueOf('created', booking, latest(booking)) }
  }

  async #changeState(booking: Booking, state: string, notification: Due['notification']): Promise<Due> {
    await this.#tables.insertState(booking.noteId, state)
    return dueOf(notification, booking, latest(booking))
  }

  async #insertBooking(options: BookOptions): Promise<Booking> {
    const patient = options.patient === undefined ? this.random.pick(this.patients) : options.patient
    const start = options.start === undefined ? this.nextStart() : options.start
    const minutes = options.minutes === undefined ? this.random.pick([10, 20, 30, 45]) : options.minutes
    const noteId = await this.#tables.insertNote(patient)
    await this.#tables.insertState(noteId, 'NEW')
    const id = options.id === undefined ? {} : { id: options.id }
    const row = await this.#tables.insertAppointment({ patient, noteId, start, minutes, ...id })
    await this.#tables.insertState(noteId, 'BKD')
    return { noteId, patient, appointments: [row], state: 'booked' }
  }

  async #transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#client.query('BEGIN')
    try {
      const result = await work()
      await this.#client.query('COMMIT')
      return result
    } catch (error) {
      await this.#client.query('ROLLBACK')
      throw error
    }
  }
}

/** The newest appointment that is not entered in error, else the newest. */
function latest(booking: Booking): AppointmentRow {
  const row = booking.appointments.findLast(({ enteredInError }) => !enteredInError) ?? booking.appointments.at(-1)
  if (row === undefined) throw new Error('a booking has an appointment')
  return row
}

function dueOf(notification: Due['notification'], booking: Booking, row: AppointmentRow): Due {
  const { start, minutes } = row
  const end = start === null || minutes === null ? null : { ...start, seconds: start.seconds + minutes * 60 }
  return {
    notification,
    appointment_external_id: row.externalId,
    canvas_patient_key: booking.patient?.key ?? null,
    // Spec: a null start or duration makes both times null.
    start_time: start === null || end === null ? null : printMoment(start),
    end_time: end === null ? null : printMoment(end),
  }
}
