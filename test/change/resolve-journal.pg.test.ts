// The resolver over a real journal: how a stream is cut into batches must not change what a state change belongs to.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import type { CapturedChange, ResolvedChange } from '../../src/change/captured-change.js'
import { ClinicalDatabase } from '../../src/change/clinical-database.js'
import { Resolver } from '../../src/change/resolve.js'
import { Journal } from '../../src/journal/journal.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { source } from '../compute/changes.js'
import { createTestDatabase } from '../support/database.js'
import { captured, clinicalModels } from './captured.js'

/** One transaction. */
type Step = readonly CapturedChange[]

const row = (at: number, id: number, note: number | null, more: { error?: boolean; gone?: boolean } = {}) =>
  captured(
    'appointment',
    { id, note_id: note, patient_id: null, entered_in_error_id: more.error === true ? 1 : null },
    { commitLsn: BigInt(at), ordinal: 1, operation: more.gone === true ? 'delete' : 'insert' },
  )
const state = (at: number, note: number) =>
  captured('notestatechangeevent', { id: at, note_id: note, state: 'CLD' }, { commitLsn: BigInt(at), ordinal: 0 })

/** A journal, and the resolver over it and an empty clinic. */
async function open() {
  await using undo = new UndoStack()
  const database = undo.use(await createTestDatabase())
  const clinic = new ClinicalDatabase({ url: database.url, tls: null }, clinicalModels, () => undefined)
  undo.defer(() => clinic.close())
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-resolve-'))
  undo.defer(() => rm(folder, { recursive: true }))
  let journals = 0
  /** Resolves batch by batch, each journaled before the next, in a journal of its own. */
  const resolveAll = async (batches: readonly (readonly Step[])[]): Promise<ResolvedChange[]> => {
    journals += 1
    const journal = await Journal.open(join(folder, `${journals}.db`))
    try {
      await journal.recordSlotCreated({ slot: 's', source, consistentLsn: 1n as Lsn })
      const resolver = new Resolver(journal, clinic)
      const all: ResolvedChange[] = []
      for (const batch of batches) {
        const resolved = await resolver.resolve(batch.flat())
        const changes = resolved.map((one) => ({ ...one, outcomes: [], notifications: [] }))
        await journal.append({ source, changes, durableLsn: null, lastCommit: null })
        all.push(...resolved)
      }
      return all
    } finally {
      journal.close()
    }
  }
  const resources = undo.move()
  return { resolveAll, [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose]() }
}

const answers = (resolved: readonly ResolvedChange[]) =>
  resolved
    .filter(({ fieldChanges }) => fieldChanges.model_name === 'notestatechangeevent')
    .map(({ appointment }) => appointment && [appointment.id, appointment.deleted])

test('a state change is resolved from the images of earlier batches', async () => {
  await using site = await open()
  const resolved = await site.resolveAll([
    [[row(10, 9, 5)], [row(11, 10, 5)]],
    [[state(12, 5)]],
    [[row(13, 10, 5, { error: true })]],
    [[state(14, 5)]],
    [[row(15, 10, 6), row(16, 9, 5, { gone: true })]],
    [[state(17, 5)], [state(18, 6)], [state(19, 7)]],
  ])
  expect(answers(resolved)).toEqual([['10', false], ['9', false], ['9', true], ['10', false], null])
  const events = resolved.filter(({ fieldChanges }) => fieldChanges.model_name === 'notestatechangeevent')
  expect(events.map(({ resolvedFrom }) => resolvedFrom)).toEqual(['image', 'image', 'image', 'image', 'none'])
})

/** What a transaction does; its LSN is its place. */
const steps = fc.array(
  fc.record({
    id: fc.integer({ min: 8, max: 11 }),
    note: fc.option(fc.integer({ min: 1, max: 2 })),
    error: fc.boolean(),
    gone: fc.boolean(),
    event: fc.option(fc.integer({ min: 1, max: 2 })),
    endsBatch: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

test('and as if all had come in one batch, however they were cut', { timeout: 30_000 }, async () => {
  await using site = await open()
  await fc.assert(
    fc.asyncProperty(steps, async (transactions) => {
      const batches: Step[][] = [[]]
      for (const [at, { id, note, error, gone, event, endsBatch }] of transactions.entries()) {
        // An event may stand before its appointment's row in one transaction.
        const events = event === null ? [] : [state(at + 10, event)]
        batches.at(-1)?.push([...events, row(at + 10, id, note, { error, gone })])
        if (endsBatch) batches.push([])
      }
      expect(answers(await site.resolveAll(batches))).toEqual(answers(await site.resolveAll([batches.flat()])))
    }),
    { numRuns: 25 },
  )
})
