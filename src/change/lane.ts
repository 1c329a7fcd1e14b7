// Which changes must keep their order: one lane for each appointment (spec section 7).
import type { ResolvedChange } from './captured-change.js'

/** The appointment's external id; else the patient's id; else the model and the row's own id. Each in a space of its own. */
export function laneOf(change: ResolvedChange): string {
  const external = change.appointment?.externally_exposable_id ?? null
  if (external !== null) return `appointment ${external}`
  const patient = change.appointment?.patient_id ?? change.image['patient_id'] ?? null
  if (patient !== null) return `patient ${patient}`
  return `${change.fieldChanges.model_name} ${change.fieldChanges.canvas_id ?? '?'}`
}
