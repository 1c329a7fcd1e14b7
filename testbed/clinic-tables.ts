// The clinic's tables as its application writes to them. In: a connection, chance. Out: rows with their ids. Owns the
// list of every private text that was ever written, so that a test can look for them where they must not be.
import type pg from 'pg'
import { type Moment, printMomentAt } from './due.js'
import type { Random } from './random.js'

export interface Patient {
  readonly id: string
  readonly key: string
}

/** One appointment row as the database holds it. */
export interface AppointmentRow {
  readonly id: string
  readonly externalId: string
  start: Moment | null
  minutes: number | null
  enteredInError: boolean
}

const firstNames = ['Adelheid', 'Barnaby', 'Clotilde', 'Desmond', 'Euphemia', 'Ferdinand']
const lastNames = ['Winterbourne', 'Quackenbush', 'Featherstone', 'Ó Súilleabháin', 'Zielińska', '山田']
const complaints = ['chest pain since Tuesday', 'asks about "the results"', "doesn't want Dr. Hall", 'herzklopfen 💔']
const zones = [-8, -5, 0, 1, 2, 9]

export class ClinicTables {
  readonly privateTexts = new Set<string>()
  /** The appointment table's name while the next statements run, as SQL: a name can change under an application. */
  appointmentTable = 'appointment'
  readonly #client: pg.ClientBase
  readonly #random: Random

  constructor(client: pg.ClientBase, random: Random) {
    this.#client = client
    this.#random = random
  }

  async insertPatient(): Promise<Patient> {
    const random = this.#random
    const key = this.#private(random.hex(32))
    const first = this.#private(`${random.pick(firstNames)}-${random.hex(4)}`)
    const last = this.#private(`${random.pick(lastNames)}-${random.hex(4)}`)
    const birth = `${1930 + random.below(90)}-0${1 + random.below(9)}-1${random.below(9)}`
    const id = await this.#insert(
      'INSERT INTO patient (key, first_name, last_name, birth_date) VALUES ($1, $2, $3, $4) RETURNING id',
      [key, first, last, birth],
    )
    return { id, key }
  }

  insertNote(patient: Patient | null): Promise<string> {
    return this.#insert(
      'INSERT INTO note (patient_id, provider_id, note_type_id, title, body) VALUES ($1, 13, 1, $2, $3) RETURNING id',
      [patient?.id ?? null, 'Office visit', this.#comment()],
    )
  }

  async insertState(noteId: string, state: string): Promise<void> {
    await this.#client.query('INSERT INTO note_state_change_event (note_id, state, originator_id) VALUES ($1, $2, 2)', [
      noteId,
      state,
    ])
  }

  async insertAppointment(values: {
    readonly patient: Patient | null
    readonly noteId: string
    readonly start: Moment | null
    readonly minutes: number | null
    /** The appointment that this one is rescheduled from. */
    readonly replaces?: string
    /** Default: the table's next one. */
    readonly id?: string
  }): Promise<AppointmentRow> {
    const { patient, noteId, start, minutes, replaces } = values
    const externalId = this.#random.uuid()
    const id = await this.#insert(
      `INSERT INTO ${this.appointmentTable} (id, externally_exposable_id, patient_id, provider_id,
         appointment_rescheduled_from_id, start_time, duration_minutes, note_id, note_type_id, comment, description)
       VALUES (${values.id ?? 'DEFAULT'}, $1, $2, 13, $3, $4, $5, $6, 1, $7, $8) RETURNING id`,
      [
        externalId,
        patient?.id ?? null,
        replaces ?? null,
        this.#clockText(start),
        minutes,
        noteId,
        this.#comment(),
        this.#comment(),
      ],
    )
    return { id, externalId, start, minutes, enteredInError: false }
  }

  markRescheduled = (id: string) => this.#update(id, 'status', 'rescheduled')
  updateStart = (id: string, start: Moment) => this.#update(id, 'start_time', this.#clockText(start))
  updateComment = (id: string) => this.#update(id, 'comment', this.#comment())
  markEnteredInError = (id: string) => this.#update(id, 'entered_in_error_id', 7)

  async #update(id: string, column: string, value: unknown): Promise<void> {
    await this.#client.query(`UPDATE ${this.appointmentTable} SET ${column} = $2, modified = now() WHERE id = $1`, [
      id,
      value,
    ])
  }

  async #insert(sql: string, values: readonly unknown[]): Promise<string> {
    const { rows } = await this.#client.query<{ id: string }>(sql, [...values])
    return String(rows[0]?.id)
  }

  /** In the time zone of whoever writes: the database keeps the moment. */
  #clockText(start: Moment | null): string | null {
    return start === null ? null : printMomentAt(start, this.#random.pick(zones))
  }

  #comment(): string {
    return this.#private(`${this.#random.pick(complaints)} ${this.#random.hex(8)}`)
  }

  #private(text: string): string {
    this.privateTexts.add(text)
    return text
  }
}
