// Which changes must keep their order: one lane for each appointment (spec section 7).
import type { ResolvedChange } from './captured-change.js'
import { appointmentModel, noteStateModel } from './model.js'

/**
 * The appointment's external id; else the patient's id; of a further model the row. Each in a space of its own: one report that
 * is refused does not hold up the patient's others.
 */
export function laneOf(change: ResolvedChange): string {
  const { model_name: model, canvas_id: id } = change.fieldChanges
  if (model !== appointmentModel && model !== noteStateModel && id !== null) return `${model} ${id}`
  const external = change.appointment?.externally_exposable_id ?? null
  if (external !== null) return `appointment ${external}`
  const patient = change.appointment?.patient_id ?? change.image['patient_id'] ?? null
  if (patient !== null) return `patient ${patient}`
  return `${model} ${id ?? '?'}`
}
