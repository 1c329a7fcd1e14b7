// The appointments of notes in the clinical database, in the order in which they stand for their note: `newestAppointment`'s,
// in SQL, so that of ten thousand on one note only the first few leave the database.
import { type RawBuilder, sql } from 'kysely'
import { unset } from './appointment.js'
import type { Model } from './model.js'

/**
 * A subquery of the mapped columns under their canonical names, and the `rank on note` of each row, from 1.
 * @param columns canonical and real names, `note_id`, `appointment_rescheduled_from_id` and `entered_in_error_id` among them
 */
export function rankedAppointments(
  model: Model,
  columns: readonly (readonly [canonical: string, real: string])[],
  notes: readonly string[],
): RawBuilder<unknown> {
  const table = sql.id(model.schema, model.table)
  const real = (alias: string, canonical: string) => {
    const name = columns.find(([one]) => one === canonical)?.[1]
    return name === undefined ? sql`null` : sql.id(alias, name)
  }
  const isInError = (alias: string) => {
    const mark = sql`lower(${real(alias, 'entered_in_error_id')}::text)`
    return sql`coalesce(${mark} not in (${sql.join(unset)}), false)`
  }
  const note = real('a', 'note_id')
  const id = sql`${real('a', 'id')}::text`
  // Of ids that are numbers the highest is the newest; of others the one that no valid one of the note replaces.
  return sql`
    select ${sql.join(columns.map(([canonical, name]) => sql`${sql.id('a', name)} as ${sql.id(canonical)}`))},
           row_number() over (partition by ${note} order by ${isInError('a')},
             case when ${id} ~ '^-?[0-9]+$' then ${id}::numeric end desc nulls last,
             (${note}, ${id}) in (select ${real('r', 'note_id')}, ${real('r', 'appointment_rescheduled_from_id')}::text
                                    from ${table} r where ${real('r', 'note_id')} = any(${notes})
                                     and ${real('r', 'appointment_rescheduled_from_id')} is not null and not ${isInError('r')}),
             ${id} desc) as "rank on note"
      from ${table} a where ${note} = any(${notes})`
}
