// Reads of the clinical database: the appointments of notes that the journal has no image of, and patients' keys. One query
// for a whole batch. Owns that row security is an error and never an empty answer: `row_security = off`; and that a value
// which a key's column cannot hold is the key of no row, and no error.
import { Kysely, PostgresDialect, type RawBuilder, sql } from 'kysely'
import { errorCode } from '../base/errors.js'
import { type DatabaseAddress, openPool } from '../capture/connection.js'
import { readableIdentifier, readableTable } from '../capture/finding.js'
import { appointmentOf } from './appointment.js'
import type { Appointment } from './captured-change.js'
import { rankedAppointments } from './clinical-order.js'
import { type RawRow, type TextReader, textReader } from './clinical-text.js'
import { holdable } from './holdable.js'
import type { Model } from './model.js'
import { type PatientAppointment, patientAppointment } from './patient-appointments.js'

export interface ClinicalModels {
  readonly appointment: Model
  readonly noteState: Model
  readonly patient: Model
}

export interface Found {
  /** Those of the asked notes, as they are now. */
  readonly appointments: readonly Appointment[]
  /** Patient id → key, of the asked patients and of the patients of `appointments`. */
  readonly patientKeys: ReadonlyMap<string, string>
}

type AnyTables = Record<string, Record<string, unknown>>

export class ClinicalDatabase {
  readonly #db: Kysely<AnyTables>
  readonly #models: ClinicalModels
  readonly #columns: readonly (readonly [string, string])[]
  #text: TextReader | null = null
  /** Asked once, and again when a query failed: a column or a grant that comes later is seen at the next start. */
  #created: Promise<string | null> | null = null

  /**
   * Connects at the first query. `onLost` hears of idle connections that the server ended, `onUnheld` of values that the
   * column cannot hold: how many, and never which.
   */
  constructor(
    address: DatabaseAddress,
    models: ClinicalModels,
    onLost: (error: Error) => void,
    private readonly onUnheld: (column: string, values: number) => void = () => undefined,
  ) {
    const settings = ['row_security=off', 'default_transaction_read_only=on', 'statement_timeout=30s']
    const pool = openPool(address, { settings, max: 2, queryTimeoutMs: 40_000, idleMs: 10_000, onLost })
    this.#db = new Kysely<AnyTables>({ dialect: new PostgresDialect({ pool }) })
    this.#models = models
    this.#columns = [...models.appointment.required]
  }

  /**
   * @param atMost so many appointments of a note, those first that stand for it before others (`newestAppointment`)
   * @throws what pg throws; SQLSTATE 42501 where row security would hide rows or a grant is missing.
   */
  async lookup(notes: readonly string[], patients: readonly string[], atMost: number): Promise<Found> {
    const { appointment, patient } = this.#models
    try {
      return await this.#lookup(notes, patients, atMost)
    } catch (error) {
      const heldNotes = await this.#held(error, appointment, 'note_id', notes)
      const heldPatients = await this.#held(error, patient, 'id', patients)
      if (heldNotes.length === notes.length && heldPatients.length === patients.length) throw error
      return await this.#lookup(heldNotes, heldPatients, atMost)
    }
  }

  async #lookup(notes: readonly string[], patients: readonly string[], atMost: number): Promise<Found> {
    const { patient, appointment } = this.#models
    const out = await this.#reader()
    const key = out.text(asText('p', column(patient, 'key')))
    const patientId = out.text(asText('p', column(patient, 'id')))
    const columns = this.#columns.map(([name]) => sql`${out.text(asText('a', name))} as ${sql.id(name)}`)
    const nulls = this.#columns.map(() => out.text(sql`null::text`))
    const { rows } = await sql<RawRow>`
      select ${sql.join(columns)}, ${patientId} as "patient of", ${key} as "patient key"
        from (${rankedAppointments(appointment, this.#columns, notes)}) a left join ${tableOf(patient)} p
          on ${sql.id('p', column(patient, 'id'))} = a.patient_id
       where a."rank on note" <= ${atMost}
      union all
      select ${sql.join(nulls)}, ${patientId}, ${key}
        from ${tableOf(patient)} p where ${sql.id('p', column(patient, 'id'))} = any(${patients})`.execute(this.#db)
    const patientKeys = new Map<string, string>()
    const found = rows.map((row) => out.read(row))
    for (const row of found) {
      const id = row['patient of']
      const value = row['patient key']
      if (typeof id === 'string' && typeof value === 'string') patientKeys.set(id, value)
    }
    const appointments = found
      .filter((row) => row['id'] !== null)
      .map((row) => appointmentOf(row, false, appointment.timeZone))
    return { appointments, patientKeys }
  }

  /** All appointments of each of these patients, newest first, as they are now. One query for all. @throws as `lookup`. */
  async appointmentsOf(patients: readonly string[]): Promise<ReadonlyMap<string, readonly PatientAppointment[]>> {
    if (patients.length === 0) return new Map()
    try {
      return await this.#appointmentsOf(patients)
    } catch (error) {
      this.#created = null
      const held = await this.#held(error, this.#models.appointment, 'patient_id', patients)
      if (held.length === patients.length && !isOfColumns(error)) throw error
      return await this.#appointmentsOf(held)
    }
  }

  /** Asks for those of no patient, so that a query which cannot be asked is found before there is one. @throws as `lookup`. */
  async tryAppointmentsOf(): Promise<void> {
    await this.#appointmentsOf([])
  }

  async #appointmentsOf(patients: readonly string[]): Promise<ReadonlyMap<string, readonly PatientAppointment[]>> {
    const { appointment, noteState } = this.#models
    const out = await this.#reader()
    const columns = this.#columns.map(
      ([canonical, real]) => sql`${out.text(asText('a', real))} as ${sql.id(canonical)}`,
    )
    const types = ['id', 'note_id'].map(
      (name) => sql`${typeOf('a', column(appointment, name))} as ${sql.id(`type of ${name}`)}`,
    )
    const eventId = column(noteState, 'id')
    this.#created ??= this.#createdColumn()
    const created = await this.#created
    const history = sql`
      select coalesce(json_agg(json_build_object('id', ${asText('e', eventId)}, 'type', ${typeOf('e', eventId)},
                      'state', ${asText('e', column(noteState, 'state'))},
                      'created', ${created === null ? sql`null` : asText('e', created)}) order by ${sql.id('e', eventId)}), '[]')::text
        from ${tableOf(noteState)} e
       where ${sql.id('e', column(noteState, 'note_id'))} = ${sql.id('a', column(appointment, 'note_id'))}`
    const patient = column(appointment, 'patient_id')
    const query = sql<RawRow>`
      select ${sql.join([...columns, ...types])}, ${out.text(sql`(${history})`)} as "state history",
             ${out.text(asText('a', patient))} as "of_patient"
        from ${tableOf(appointment)} a
       where ${sql.id('a', patient)} = any(${patients})
       order by ${sql.id('a', column(appointment, 'id'))} desc`
    const { rows } = await query.execute(this.#db)
    const zones = { ofAppointments: appointment.timeZone, ofStates: noteState.timeZone }
    const found = new Map<string, PatientAppointment[]>(patients.map((id) => [id, []]))
    for (const raw of rows) {
      const row = out.read(raw)
      found.get(row['of_patient'] ?? '')?.push(patientAppointment(row, zones))
    }
    return found
  }

  async close(): Promise<void> {
    await this.#db.destroy()
  }

  /** How text comes out of this database: a database keeps its encoding for life. */
  async #reader(): Promise<TextReader> {
    this.#text ??= await textReader(this.#db)
    return this.#text
  }

  /** Of the values of a query that failed, those that are not at fault. The probe reads no row: a row cannot fail it. */
  async #held(
    failure: unknown,
    model: Model,
    canonical: string,
    values: readonly string[],
  ): Promise<readonly string[]> {
    if (!isOfData(failure)) return values
    const real = column(model, canonical)
    const held = await holdable(values, async (some) => {
      const probe = sql`select from ${tableOf(model)} t where ${sql.id('t', real)} = any(${some}) limit 0`
      try {
        await probe.execute(this.#db)
        return true
      } catch (error) {
        if (isOfData(error)) return false
        throw error
      }
    })
    if (held.length < values.length) {
      this.onUnheld(`${readableTable(model)}.${readableIdentifier(real)}`, values.length - held.length)
    }
    return held
  }

  /** `created` of the state events is optional: null where the table has none or the role may not read it. */
  async #createdColumn(): Promise<string | null> {
    const { noteState } = this.#models
    const real = [...noteState.canonicalNames].find(([, canonical]) => canonical === 'created')?.[0]
    if (real === undefined) return null
    const { rows } = await sql`
      select from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = ${noteState.schema} and c.relname = ${noteState.table} and a.attname = ${real}
         and not a.attisdropped and has_column_privilege(c.oid, a.attnum, 'SELECT')`.execute(this.#db)
    return rows.length === 0 ? null : real
  }
}

/** SQLSTATE class 22, data exception: out of range, or no such text of the type. */
const isOfData = (error: unknown): boolean => errorCode(error)?.startsWith('22') ?? false

/** Undefined column, or no privilege: `created` of the state events was dropped, or its grant revoked, since it was looked for. */
const isOfColumns = (error: unknown): boolean => ['42703', '42501'].includes(errorCode(error) ?? '')

/** The blanks at the end of a char(n) go, as they do from values of the WAL. */
const asText = (alias: string, real: string): RawBuilder<string> => sql<string>`${sql.id(alias, real)}::text`

/** pg_type.oid of the column, by which its values are typed. */
const typeOf = (alias: string, real: string): RawBuilder<string> =>
  sql<string>`pg_typeof(${sql.id(alias, real)})::oid::text`

const tableOf = (model: Model): RawBuilder<unknown> => sql.id(model.schema, model.table)

/** The real name of a column that the model cannot be without. */
function column(model: Model, canonical: string): string {
  const real = model.required.get(canonical)
  if (real === undefined) throw new TypeError(`models.${model.name} has no column ${canonical}`)
  return real
}
