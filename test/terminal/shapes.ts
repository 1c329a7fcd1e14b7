// The shapes that `--json` prints, as docs/commands.md gives them. Strict: a key that is not documented fails too.
import * as z from 'zod'

const moment = z.iso.datetime()
const lsn = z.string().regex(/^[0-9A-F]+\/[0-9A-F]+$/)
const placeInWal = z.union([lsn, z.literal('unknown')])
const webhookId = z.string().startsWith('msg_')

const findingsShape = z.array(
  z.strictObject({
    level: z.enum(['ok', 'warn', 'fail']),
    title: z.string(),
    found: z.string(),
    remedy: z.string().nullable(),
  }),
)

export const checkShape = z.strictObject({ ready: z.boolean(), findings: findingsShape })

/** `failing`: what `check` fails at now; null with --print-sql and --undo. */
export const setupShape = z.strictObject({
  changed: z.boolean(),
  statements: z.array(z.string()),
  failing: findingsShape.nullable(),
})

/** A gap that touches what is told. */
const toldGap = z.strictObject({ id: z.int(), from: placeInWal, to: placeInWal, accepted_at: moment.nullable() })

/** How many, and as `gaps list` names them. */
export const acceptedGapsShape = z.strictObject({ done: z.int(), accepted: z.array(z.string()) })

/** How many lanes. */
export const retryShape = z.strictObject({ done: z.int() })

export const deadLettersShape = z.array(
  z.strictObject({
    webhook_id: webhookId,
    endpoint: z.string(),
    notification: z.string(),
    sequence: z.int().nullable(),
    appointment_external_id: z.string().nullable(),
    lsn: lsn.nullable(),
    attempts: z.int(),
    died_at: moment,
    error: z.string().nullable(),
  }),
)

const gapShape = z.strictObject({
  id: z.int(),
  kind: z.string(),
  slot: z.string(),
  reason: z.string(),
  from: z.string(),
  to: z.string(),
  bytes: z.int().nullable(),
  last_commit_at: z.string().nullable(),
  found_at: moment,
  accepted_at: moment.nullable(),
  resumed_at: moment.nullable(),
})

const rowGapShape = z.strictObject({
  id: z.int(),
  kind: z.literal('row without its old row'),
  model: z.string().nullable(),
  lsn,
  committed_at: z.iso.datetime({ offset: true }),
  appointment_id: z.string(),
  appointment_external_id: z.string().nullable(),
  found_at: moment,
  accepted_at: moment.nullable(),
})

export const gapsShape = z.array(gapShape)

export const rowGapsShape = z.array(rowGapShape)

/** Those of one row come after the others. */
export const listedGapsShape = z.array(z.union([gapShape, rowGapShape]))

export const replayedShape = z.strictObject({
  total: z.int(),
  delivered: z.int(),
  failures: z.array(z.strictObject({ webhook_id: webhookId, endpoint: z.string(), error: z.string() })),
  stopped: z.boolean(),
  gaps: z.array(toldGap),
})

/** What a replay would send. */
export const dryRunShape = z.array(
  z.strictObject({
    lsn: lsn.nullable(),
    webhook_id: webhookId,
    endpoint: z.string(),
    notification: z.string(),
    sequence: z.int().nullable(),
    appointment_external_id: z.string().nullable(),
  }),
)

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
    old_row_from: z.literal('image').nullable(),
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
            replay: z.boolean(),
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

const silent = z.strictObject({ answers: z.literal(false), reason: z.string() })
const count = z.int().min(0)

export const statusShape = z.strictObject({
  daemon: z.union([
    silent,
    z.strictObject({
      answers: z.literal(true),
      phase: z.string(),
      ready: z.boolean(),
      reason: z.string().nullable(),
      received_lsn: lsn.nullable(),
      lag_bytes: count.nullable(),
      lag_seconds: z.number().nullable(),
      last_error: z.string().nullable(),
      failed_checks: z.array(z.string()),
      standstill: z.strictObject({ code: z.string(), lsn, times: count }).nullable(),
    }),
  ]),
  slot: z.union([
    silent,
    z.strictObject({
      answers: z.literal(true),
      name: z.string(),
      active: z.boolean(),
      being_made: z.boolean(),
      wal_status: z.string().nullable(),
      acknowledged_lsn: lsn.nullable(),
      server_lsn: lsn.nullable(),
      lag_bytes: count.nullable(),
      retained_bytes: count.nullable(),
      hindrances: z.array(z.string()),
    }),
  ]),
  journal: z.strictObject({
    durable_lsn: lsn.nullable(),
    last_commit_at: z.iso.datetime({ offset: true }).nullable(),
    whole_from_lsn: lsn.nullable(),
    whole_but_for: z.array(toldGap),
    endpoints: z.array(
      z.strictObject({
        endpoint: z.string(),
        owed: count,
        dead: count,
        waiting_lanes: count,
        oldest_owed_at: z.iso.datetime({ offset: true }).nullable(),
        last_error: z.string().nullable(),
      }),
    ),
    attempts_last_minute: z.strictObject({ delivered: count, failed: count }),
    gaps: z.strictObject({ found: count, accepted: count, resumed: count }),
    row_gaps: count,
    hindrances: z.array(z.string()),
  }),
})

export const listedProtocolShape = z.array(
  z.strictObject({
    protocol: z.string(),
    version: z.string(),
    title: z.string(),
    file: z.string(),
    change_types: z.array(z.string()),
    idle: z.enum(['abstract', 'not enabled', 'no change types']).nullable(),
  }),
)

export const exampleShape = z.strictObject({
  method: z.literal('POST'),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
})

export const triggeredShape = z.strictObject({
  webhook_id: webhookId,
  endpoint: z.string(),
  notification: z.string(),
  status: z.int().nullable(),
  error: z.string().nullable(),
})

/** A line for each POST. */
export const receivedShape = z.strictObject({
  received_at: moment,
  path: z.string(),
  notification: z.string().nullable(),
  webhook_id: z.string().nullable(),
  sequence: z.int().nullable(),
  attempt: z.int().nullable(),
  appointment_external_id: z.string().nullable(),
  problem: z.string().nullable(),
  test: z.boolean(),
  replay: z.boolean(),
  again: z.boolean(),
  missing: z.strictObject({ from: z.int(), to: z.int() }).nullable(),
  bytes: z.int(),
  answered: z.int(),
  body: z.exactOptional(z.string()),
})

/** A line for each file. */
export const protocolTestShape = z.strictObject({
  file: z.string(),
  protocols: listedProtocolShape,
  changes: count,
  runs: z.array(
    z.strictObject({
      change: z.string(),
      protocol: z.string(),
      status: z.string().nullable(),
      failed: z.string().nullable(),
      due_in: z.number().nullable(),
      narratives: z.array(z.string()),
      recommendations: z.array(z.unknown()),
      notifications: z.array(
        z.strictObject({ to: z.string(), headers: z.record(z.string(), z.string()), payload: z.unknown() }),
      ),
    }),
  ),
  expectation: z.string().nullable(),
  differences: z.array(
    z.strictObject({ change: z.string(), protocol: z.string(), kind: z.enum(['new', 'missing', 'changed']) }),
  ),
  good: z.boolean(),
})

export const backupShape = z.strictObject({
  file: z.string(),
  bytes: count,
  durable_lsn: z.string().nullable(),
  duration_ms: count,
})

/** Each line by itself. */
export const linesOf = <T>(shape: z.ZodType<T>, text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => shape.parse(JSON.parse(line)))
