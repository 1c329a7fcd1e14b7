// The shapes that `--json` prints, as docs/commands.md gives them. Strict: a key that is not documented fails too.
import * as z from 'zod'

const moment = z.iso.datetime()
const lsn = z.string().regex(/^[0-9A-F]+\/[0-9A-F]+$/)
const webhookId = z.string().startsWith('msg_')

/** A line of `tail` and of `audit`. */
export const disclosureShape = z.strictObject({
  sent_at: moment,
  lsn: lsn.nullable(),
  notification: z.string(),
  endpoint: z.string(),
  sequence: z.int().nullable(),
  webhook_id: webhookId,
  appointment_external_id: z.string().nullable(),
  attempt: z.int().min(1),
  replay: z.boolean(),
  outcome: z.enum(['delivered', 'retry', 'dead', 'failed']),
  status: z.int().nullable(),
  error: z.string().nullable(),
  duration_ms: z.number(),
  lag_ms: z.number().nullable(),
})

export const explainShape = z.array(
  z.strictObject({
    lsn,
    ordinal: z.int(),
    committed_at: z.iso.datetime({ offset: true }),
    model: z.string(),
    operation: z.enum(['insert', 'update', 'delete', 'truncate']),
    fields: z.array(z.string()),
    without_old_image: z.boolean(),
    appointment_external_id: z.string().nullable(),
    resolved_from: z.enum(['row', 'image', 'database', 'none']),
    protocols: z.array(z.strictObject({ protocol: z.string(), decision: z.string() })),
    deliveries: z.array(
      z.strictObject({
        webhook_id: webhookId,
        protocol: z.string(),
        notification: z.string(),
        endpoint: z.string(),
        sequence: z.int().nullable(),
        state: z.enum(['owed', 'delivered', 'dead', 'discarded']),
        reason: z.string().nullable(),
        retry_at: moment.nullable(),
        attempts: z.array(
          z.strictObject({
            attempt: z.int().min(1),
            sent_at: moment,
            duration_ms: z.number(),
            status: z.int().nullable(),
            error: z.string().nullable(),
          }),
        ),
      }),
    ),
  }),
)

/** Each line by itself. */
export const linesOf = <T>(shape: z.ZodType<T>, text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => shape.parse(JSON.parse(line)))
