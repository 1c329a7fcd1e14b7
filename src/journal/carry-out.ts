// A command's request in, its answer out: done by the daemon that runs, or by the command itself where none does. Every
// kind of request is here, with the shape of its arguments.
import { z } from 'zod'
import { UsageError } from '../base/errors.js'
import type { Journal } from './journal.js'

const selection = z.strictObject({
  webhookId: z.exactOptional(z.string()),
  endpoint: z.exactOptional(z.string()),
  before: z.exactOptional(z.number()),
})

const replaySelection = z.strictObject({
  from: z.string(),
  to: z.exactOptional(z.string()),
  endpoint: z.exactOptional(z.string()),
  only: z.exactOptional(z.array(z.string())),
  appointment: z.exactOptional(z.string()),
})

const request = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('gaps accept'), arguments: z.object({}) }),
  z.object({
    kind: z.literal('replay'),
    arguments: z.strictObject({ selection: replaySelection, rate: z.number().positive().nullable() }),
  }),
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
  /** Endpoints to which something is owed again that was settled before. */
  readonly owedAgain: readonly string[]
}

/** @param given `kind` and `arguments`, as a request row has them. @throws what the journal throws. */
export async function carryOut(journal: Journal, given: unknown, configured: ReadonlySet<string>): Promise<CarriedOut> {
  const parsed = request.safeParse(given)
  if (!parsed.success) return { answer: { error: 'this daemon does not know that request' }, owedAgain: [] }
  const { kind, arguments: asked } = parsed.data
  if (kind === 'gaps accept') return { answer: { done: await journal.acceptGaps() }, owedAgain: [] }
  if (kind === 'replay') return { answer: await replay(journal, asked), owedAgain: [] }
  if (kind === 'dead-letters retry') {
    const { count, endpoints } = await journal.retryDeadLetters(asked)
    return { answer: { done: count }, owedAgain: endpoints }
  }
  const { reason, ...selected } = asked
  if (selected.owedToo === true && (selected.endpoint === undefined || configured.has(selected.endpoint))) {
    return {
      answer: { error: 'what is owed can be discarded for an endpoint that left the config only' },
      owedAgain: [],
    }
  }
  return { answer: { done: await journal.discardDeadLetters(selected, reason) }, owedAgain: [] }
}

async function replay(journal: Journal, { selection: chosen, rate }: Asked<'replay'>): Promise<Answer> {
  try {
    return { done: (await journal.beginReplay(chosen, rate)).id }
  } catch (error) {
    if (error instanceof UsageError) return { error: error.message }
    throw error
  }
}
