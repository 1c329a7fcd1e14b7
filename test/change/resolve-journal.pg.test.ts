// The resolver over a real journal: how a stream is cut into batches must not change what a state change belongs to.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import type { CapturedChange, ResolvedChange } from '../../src/change/captured-change.js'
import { ClinicalDatabase } from '../../src/change/clinical-database.js'
import { Resolver } from '../../src/change/resolve.js'
import { imagesOfNote } from '../../src/journal/images.js'
import { Journal } from '../../src/journal/journal.js'
import { UndoStack } from '../../testbed/undo-stack.js'
import { source } from '../compute/changes.js'
import { createTestDatabase } from '../support/database.js'
import { quickFolder } from '../support/quick-folder.js'
import { captured, clinicalModels } from './captured.js'

/** One transaction. */
type Step = readonly CapturedChange[]

interface More {
  readonly error?: boolean
  readonly gone?: boolean
  readonly from?: string | null
  /** The id that the row had before. */
  readonly was?: number
}

const row = (at: number, id: number | string, note: number | null, more: More = {}) =>
  captured(
    'appointment',
    {
      id,
      note_id: note,
      patient_id: null,
      entered_in_error_id: more.error === true ? 1 : null,
      appointment_rescheduled_from_id: more.from ?? null,
    },
    {
      commitLsn: BigInt(at),
      ordinal: 1,
      operation: more.was !== undefined ? 'update' : more.gone === true ? 'delete' : 'insert',
      fields: more.was === undefined ? {} : { id: [more.was, id] },
    },
  )
const state = (at: number, note: number) =>
  captured('notestatechangeevent', { id: at, note_id: note, state: 'CLD' }, { commitLsn: BigInt(at), ordinal: 0 })
/** TRUNCATE appointment. */
const emptied = (at: number) =>
  captured('appointment', {}, { commitLsn: BigInt(at), ordinal: 1, operation: 'truncate' })

/** A journal, and the resolver over it and an empty clinic. */
async function open() {
  await using undo = new UndoStack()
  const database = undo.use(await createTestDatabase())
  const clinic = new ClinicalDatabase({ url: database.url, tls: null }, clinicalModels, () => undefined)
  undo.defer(() => clinic.close())
  const folder = await quickFolder()
  undo.defer(() => rm(folder, { recursive: true }))
  let journals = 0
  /** Resolves batch by batch, each journaled before the next, in a journal of its own. */
  const resolveAll = async (batches: readonly (readonly Step[])[]): Promise<ResolvedChange[]> => {
    journals += 1
    const journal = await Journal.open(join(folder, `${journals}.db`))
    try {
      await journal.recordSlotCreated({ slot: 's', source, consistentLsn: 1n as Lsn })
      const resolver = new Resolver(journal.images, clinic)
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
  /** How many images the last journal gives of notes, and by which plan. */
  const look = async (notes: readonly string[]) => {
    const journal = await Journal.open(join(folder, `${journals}.db`))
    try {
      const read = journal.images.ofNotes(new Map(notes.map((note) => [note, 1]))).length
      const { rows } = await sql<{ detail: string }>`explain query plan ${sql.raw(imagesOfNote)}`.execute(journal.db)
      return { read, plan: rows.map(({ detail }) => detail).join('\n') }
    } finally {
      journal.close()
    }
  }
  const resources = undo.move()
  return { resolveAll, look, [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose]() }
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
const stepsOf = (ids: fc.Arbitrary<number | string>) =>
  fc.array(
    fc.record({
      id: ids,
      note: fc.option(fc.integer({ min: 1, max: 2 })),
      error: fc.boolean(),
      gone: fc.boolean(),
      from: fc.option(fc.constantFrom('a', 'b', 'c', 'd')),
      event: fc.option(fc.integer({ min: 1, max: 2 })),
      empties: fc.nat(4),
      endsBatch: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  )

test.each([
  ['numbers', stepsOf(fc.integer({ min: 8, max: 11 }))],
  ['texts, in chains of replacements', stepsOf(fc.constantFrom('a', 'b', 'c', 'd'))],
])(
  'and as if all had come in one batch, however they were cut: ids that are %s',
  { timeout: 30_000 },
  async (_, steps) => {
    await using site = await open()
    await fc.assert(
      fc.asyncProperty(steps, async (transactions) => {
        const batches: Step[][] = [[]]
        for (const [at, { id, note, error, gone, from, event, empties, endsBatch }] of transactions.entries()) {
          // An event may stand before its appointment's row in one transaction.
          const events = event === null ? [] : [state(at + 10, event)]
          const own = row(at + 10, id, note, { error, gone, from: from === id ? null : from })
          batches.at(-1)?.push(empties === 0 ? [emptied(at + 10), ...events] : [...events, own])
          if (endsBatch) batches.push([])
        }
        expect(answers(await site.resolveAll(batches))).toEqual(answers(await site.resolveAll([batches.flat()])))
      }),
      { numRuns: 25 },
    )
  },
)

test('a deleted replacement does not stand for its note while another is living, nor one that was deleted before', async () => {
  await using site = await open()
  const resolved = await site.resolveAll([
    [[row(10, 1, 5)], [row(11, 2, 5, { from: '1' })]],
    [[row(12, 2, 5, { from: '1', gone: true })], [state(13, 5)]],
    [[state(14, 5)], [row(15, 1, 5, { gone: true })], [state(16, 5)]],
  ])
  expect(answers(resolved)).toEqual([
    ['1', false],
    ['1', false],
    ['2', true],
  ])
})

test('a TRUNCATE leaves no appointment living: one that is booked on the note anew stands for it, with a lower id too', async () => {
  await using site = await open()
  const steps: Step[] = [
    [row(8, 6, 5), row(9, 7, 5, { error: true }), row(10, 8, 6)],
    [state(11, 5), emptied(11), state(11, 6)],
    [row(12, 3, 5)],
    [state(13, 5), state(13, 6)],
    // The same id anew is living again.
    [row(14, 8, 6), state(14, 6)],
  ]
  const expected = [
    ['6', false],
    ['8', true],
    ['3', false],
    ['8', true],
    ['8', false],
  ]
  expect(answers(await site.resolveAll(steps.map((step) => [step])))).toEqual(expected)
  expect(answers(await site.resolveAll([steps]))).toEqual(expected)
})

test('an update of the primary key moves the image, also where ids are handed on within a transaction', async () => {
  await using site = await open()
  const externals = (changes: readonly CapturedChange[]) =>
    changes.map((one, ordinal) => {
      const image = { ...one.image, externally_exposable_id: `uuid of ${one.image['note_id']}` }
      return { ...one, ordinal, image }
    })
  const steps: Step[] = [
    externals([row(10, 1, 5), row(10, 2, 6), row(10, 9, 7)]),
    // All ids go up by one: when 1 has become 2, the row that was 2 is still there under it.
    externals([row(11, 2, 5, { was: 1 }), row(11, 3, 6, { was: 2 }), row(11, 4, 7, { was: 9 })]),
    // 9 is gone: one that takes it anew is another, and what was 9 is not on the note any more.
    externals([row(12, 3, 7, { was: 4, gone: false }), row(12, 8, 6, { was: 3 })]),
    [state(13, 5)],
    [state(14, 6)],
    [state(15, 7)],
  ]
  const expected = [
    ['2', false],
    ['8', false],
    ['3', false],
  ]
  expect(answers(await site.resolveAll(steps.map((step) => [step])))).toEqual(expected)
  expect(answers(await site.resolveAll([steps]))).toEqual(expected)
})

test('of ten thousand appointments on one note one is read, and found without a sort', async () => {
  await using site = await open()
  const booked = Array.from({ length: 10_000 }, (_, at) => row(at, at + 1, 5, { error: at > 9_990 }))
  const resolved = await site.resolveAll([[booked], [[row(20_000, 9_991, 6)]], [[state(20_001, 5)]]])
  expect(answers(resolved)).toEqual([['9990', false]])
  const { read, plan } = await site.look(['5'])
  expect(read).toBe(1)
  expect(plan).toMatch(/USING INDEX appointment_image_note \(note_id=\?\)/)
  expect(plan).not.toMatch(/B-TREE/)
})
