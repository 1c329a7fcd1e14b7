// Fills a journal with debts as the daemon would have: one delivery each, to an appointment of its own or to one of a few.
import { randomUUID } from 'node:crypto'
import { toLsn } from '../src/capture/lsn.js'
import type { Appointment } from '../src/change/captured-change.js'
import type { ComputedChange } from '../src/compute/computed-change.js'
import type { Journal } from '../src/journal/journal.js'

const batch = 2_000

export async function owe(journal: Journal, count: number, endpoint = 'bench', appointments = count): Promise<void> {
  const uuids = Array.from({ length: appointments }, () => randomUUID())
  const checkpoint = journal.checkpoint()
  if (checkpoint === null) throw new Error('the journal has no slot yet')
  const { source, durableLsn } = checkpoint
  for (let made = 0; made < count; ) {
    const changes: ComputedChange[] = []
    for (; changes.length < batch && made < count; made += 1)
      changes.push(change(made, uuids[made % appointments] ?? '', endpoint))
    await journal.append({ source, changes, durableLsn, lastCommit: null })
  }
}

function change(number: number, uuid: string, endpoint: string): ComputedChange {
  const id = String(number + 1)
  const start = '2026-12-01T09:00:00+00:00'
  const end = '2026-12-01T09:20:00+00:00'
  const appointment: Appointment = {
    id,
    externally_exposable_id: uuid,
    patient_id: '1',
    provider_id: '1',
    note_id: id,
    note_type_id: '1',
    appointment_rescheduled_from_id: null,
    start_time: start,
    end_time: end,
    duration_minutes: 20,
    status: null,
    entered_in_error: false,
    deleted: false,
  }
  const fields = { id: [null, number], externally_exposable_id: [null, uuid], start_time: [null, start] } as const
  const body = {
    canvas_patient_key: null,
    appointment_external_id: uuid,
    start_time: start,
    end_time: end,
    created: true,
  }
  return {
    commitLsn: toLsn(BigInt(number + 1)),
    committedAt: Date.now() * 1000,
    ordinal: 0,
    operation: 'insert',
    changeType: 'APPOINTMENT',
    fieldChanges: {
      model_name: 'appointment',
      created: true,
      deleted: false,
      fields,
      canvas_id: number,
      external_id: uuid,
      external_identifiers: null,
    },
    withoutOldImage: false,
    image: { id: number, externally_exposable_id: uuid, start_time: start },
    appointment,
    resolvedFrom: 'row',
    patientKey: null,
    outcomes: [],
    notifications: [
      {
        webhookId: `msg_bench_${number}`,
        protocol: 'AppointmentNotification',
        endpoint,
        url: null,
        notification: 'created',
        headers: {},
        body: JSON.stringify(body),
      },
    ],
  }
}
