// A command's request in, its answer out: done by the daemon that runs, or by the command itself where none does. Every
// kind of request is here, with the shape of its arguments.
import * as z from 'zod'
import { UsageError } from '../base/errors.js'
import type { ProtocolOutcome } from '../compute/computed-change.js'
import type { Journal } from './journal.js'

const selection = z.strictObject({
  webhookId: z.exactOptional(z.string()),
  endpoint: z.exactOptional(z.string()),
  before: z.exactOptional(z.number()),
})

const waitSelection = z.strictObject({
  endpoint: z.exactOptional(z.string()),
  appointment: z.exactOptional(z.string()),
})

const replaySelection = z.strictObject({
  from: z.string(),
  to: z.exactOptional(z.string()),
  endpoint: z.exactOptional(z.string()),
  only: z.exactOptional(z.array(z.string())),
  appointment: z.exactOptional(z.string()),
  recompute: z.exactOptional(z.string()),
  one: z.exactOptional(z.strictObject({ webhookId: z.string(), changeId: z.int() })),
})

const recomputed = z.strictObject({
  changeId: z.int(),
  outcomes: z.array(z.custom<ProtocolOutcome>((value) => typeof value === 'object' && value !== null)).readonly(),
  notifications: z
    .array(
      z.strictObject({
        webhookId: z.string(),
        protocol: z.string(),
        endpoint: z.string(),
        url: z.string().nullable(),
        notification: z.string(),
        headers: z.record(z.string(), z.string()),
        body: z.string(),
      }),
    )
    .readonly(),
})

const ids = z.exactOptional(z.array(z.int()))

const chosenGaps = z.strictObject({ gaps: ids, rows: ids, rowsUpTo: z.exactOptional(z.int()) })

const request = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('gaps accept'), arguments: chosenGaps }),
  z.object({
    kind: z.literal('replay'),
    arguments: z.strictObject({
      selection: replaySelection,
      rate: z.number().positive().nullable(),
      total: z.int(),
    }),
  }),
  z.object({ kind: z.literal('replay stop'), arguments: z.strictObject({ id: z.int() }) }),
  z.object({
    kind: z.literal('recomputed'),
    arguments: z.strictObject({ recompute: z.string(), changes: z.array(recomputed) }),
  }),
  z.object({ kind: z.literal('retry'), arguments: waitSelection }),
  z.object({ kind: z.literal('dead-letters retry'), arguments: selection }),
  z.object({
    kind: z.literal('dead-letters discard'),
    arguments: selection.extend({ reason: z.string(), owedToo: z.exactOptional(z.boolean()) }),
  }),
])

export type RequestOf = z.infer<typeof request>

type Asked<K extends RequestOf['kind']> = Extract<RequestOf, { kind: K }>['arguments']

/** `done`: how many; of a replay its id. */
export type Answer = { readonly done: number } | { readonly error: string }

export interface CarriedOut {
  readonly answer: Answer
  /** Endpoints to which something is owed again that was settled before, or anew. */
  readonly owedAgain: readonly string[]
  /** Endpoints for which something waits that is due now. */
  readonly dueNow: readonly string[]
}

/**
 * @param given `kind` and `arguments`, as a request row has them
 * @param gapNotices endpoints that asked for notices of gaps
 * @throws what the journal throws
 */
export async function carryOut(
  journal: Journal,
  given: unknown,
  configured: ReadonlySet<string>,
  gapNotices: readonly string[] = [],
): Promise<CarriedOut> {
  const parsed = request.safeParse(given)
  if (!parsed.success) return said({ error: 'this daemon does not know that request' })
  const { kind, arguments: asked } = parsed.data
  switch (kind) {
    case 'gaps accept':
      return { answer: { done: await journal.acceptGaps(asked, gapNotices) }, owedAgain: gapNotices, dueNow: [] }
    case 'replay':
      return said(await replay(journal, asked))
    case 'replay stop':
      return said({ done: (await journal.replays.stop(asked.id)) ? 1 : 0 })
    case 'recomputed':
      return said({ done: await journal.recomputes.append(asked.recompute, asked.changes) })
    case 'dead-letters retry': {
      const { count, endpoints } = await journal.retryDeadLetters(asked)
      return { answer: { done: count }, owedAgain: endpoints, dueNow: [] }
    }
    case 'retry': {
      const { count, endpoints } = await journal.waits.releaseSelected(asked)
      return { answer: { done: count }, owedAgain: [], dueNow: endpoints }
    }
    case 'dead-letters discard':
      return said(await discard(journal, asked, configured))
    default:
      return kind satisfies never
  }
}

const said = (answer: Answer): CarriedOut => ({ answer, owedAgain: [], dueNow: [] })

async function discard(
  journal: Journal,
  { reason, ...selected }: Asked<'dead-letters discard'>,
  configured: ReadonlySet<string>,
): Promise<Answer> {
  if (selected.owedToo === true && (selected.endpoint === undefined || configured.has(selected.endpoint))) {
    return { error: 'what is owed can be discarded for an endpoint that left the config only' }
  }
  return { done: await journal.discardDeadLetters(selected, reason) }
}

async function replay(journal: Journal, { selection: chosen, rate, total }: Asked<'replay'>): Promise<Answer> {
  try {
    return { done: await journal.replays.begin(chosen, rate, total) }
  } catch (error) {
    if (error instanceof UsageError) return { error: error.message }
    throw error
  }
}
