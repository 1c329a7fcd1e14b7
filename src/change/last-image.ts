// Appointments that came without their old row (a partition with identity DEFAULT, an identity that was toggled) in, told from
// the last image that the WAL had shown of them out: `[old, new]` of what differs, and of a delete, which has its key only, the
// whole row. Owns that such a delete wipes out no image; says which row is a gap for want of one.
import { appointmentOf } from './appointment.js'
import type { Appointment, CapturedChange, FieldValue, Image, ResolvedChange } from './captured-change.js'
import { appointmentModel } from './model.js'
import type { AppointmentImages } from './resolve.js'

export type LastImages = Pick<AppointmentImages, 'byId'>

/** Whose appointment it is. */
export interface GapOfRow {
  readonly appointmentId: string
  /** Its external id. */
  readonly appointment: string | null
}

/** Null, but for an update of an appointment, or of a note state that may have notified, of which nobody knows what changed. */
export function gapOfRow(change: CapturedChange & Partial<Pick<ResolvedChange, 'appointment'>>): GapOfRow | null {
  const { canvas_id, external_id } = change.fieldChanges
  if (change.operation === 'update' && isAlone(change) && change.oldRowFrom === undefined)
    return { appointmentId: String(canvas_id ?? ''), appointment: external_id }
  if (change.stateBefore !== 'unknown' || !change.appointment) return null
  const { id, externally_exposable_id } = change.appointment
  return { appointmentId: id, appointment: externally_exposable_id }
}

/**
 * @param changes one batch, in WAL order: what one of them shows is the last image for the next
 * @param timeZone of times without one, as the appointments' model has it
 */
export function toldFromLastImages(
  changes: readonly CapturedChange[],
  images: LastImages,
  timeZone: string,
): readonly CapturedChange[] {
  const alone = new Set(changes.filter(isAlone).flatMap((change) => idBefore(change) ?? []))
  if (alone.size === 0) return changes
  const last = new Map(images.byId(alone).map(({ appointment }) => [appointment.id, appointment]))
  return changes.map((change) => {
    if (change.fieldChanges.model_name !== appointmentModel || change.operation === 'truncate') return change
    const before = last.get(idBefore(change) ?? '')
    const told = isAlone(change) && before !== undefined ? toldFrom(change, before, timeZone) : change
    const id = told.image['id'] ?? null
    if (id !== null) last.set(String(id), appointmentOf(told.image, told.fieldChanges.deleted, timeZone))
    return told
  })
}

const isAlone = ({ withoutOldImage, fieldChanges }: CapturedChange): boolean =>
  withoutOldImage && fieldChanges.model_name === appointmentModel

/** Its id before the change: of a key that changed the old one came. Null: an identity by an index that lacks it. */
function idBefore({ image, fieldChanges }: CapturedChange): string | null {
  const id = fieldChanges.fields['id']?.[0] ?? image['id'] ?? null
  return id === null ? null : String(id)
}

/** Of which an image keeps whether it is set. */
const inError = 'entered_in_error_id'

/** Canonical names whose values an image has as they are; a reference may be a number in the row, and is text in an image. */
const kept = [
  'id',
  'externally_exposable_id',
  'patient_id',
  'provider_id',
  'note_id',
  'note_type_id',
  'appointment_rescheduled_from_id',
  'start_time',
  'duration_minutes',
  'status',
] as const

function toldFrom(change: CapturedChange, before: Appointment, timeZone: string): CapturedChange {
  const { deleted } = change.fieldChanges
  const old = oldValues(before)
  // What the row lacks: of a delete all but its key, of an update a value that did not change and was too long to be sent again.
  const image: Image = { ...old, ...change.image }
  const after = appointmentOf(image, deleted, timeZone)
  const fields: Record<string, readonly [FieldValue, FieldValue]> = {}
  for (const [name, [, value]] of Object.entries(change.fieldChanges.fields)) {
    if (name === inError) {
      if (before.entered_in_error !== after.entered_in_error) fields[name] = [old[name] ?? null, value]
    } else if (!isOf(name)) {
      if (value !== null) fields[name] = [null, value]
    } else if (before[name] !== after[name]) fields[name] = [likened(old[name] ?? null, value), value]
  }
  if (deleted) for (const [name, value] of Object.entries(old)) fields[name] = [value, null]
  const external_id = after.externally_exposable_id
  return { ...change, image, oldRowFrom: 'image', fieldChanges: { ...change.fieldChanges, fields, external_id } }
}

/** What an image knows of the row, under canonical names; null is left out, as a column that the table lacks is. */
function oldValues(before: Appointment): Record<string, FieldValue> {
  const old: Record<string, FieldValue> = {}
  for (const name of kept) if (before[name] !== null) old[name] = before[name]
  if (before.end_time !== null && before.duration_minutes === null) old['end_time'] = before.end_time
  if (before.entered_in_error) old[inError] = true
  return old
}

const known: ReadonlySet<string> = new Set([...kept, 'end_time'])

const isOf = (name: string): name is (typeof kept)[number] | 'end_time' => known.has(name)

/** A reference of the image as the row's own column has it. */
const likened = (old: FieldValue, value: FieldValue): FieldValue =>
  typeof value === 'number' && typeof old === 'string' && /^-?\d+$/.test(old) ? Number(old) : old
