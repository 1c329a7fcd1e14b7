// What is known of an endpoint for which lanes wait, on a real journal: whether it answered last, and until when it asked for rest.
import { expect, test } from 'vitest'
import type { Delivery } from '../../src/journal/delivery.js'
import { appointment } from '../compute/changes.js'
import { append, openJournal, owing } from './opened.js'

const waiting = (delivery: Delivery, status: number | null, triedAt: number, pauseUntil: number | null = null) => ({
  tag: 'retry' as const,
  delivery,
  attempt: { deliveryId: delivery.id, number: 1, startedAt: triedAt, durationMs: 2, status, error: 'failed' },
  retryAt: triedAt + 1000,
  steps: 1,
  triedAt,
  pauseUntil,
})

async function twoLanes() {
  const opened = await openJournal()
  const { journal } = opened
  await append(
    journal,
    ['a', 'b'].map((id, ordinal) => owing({ ordinal, appointment: { ...appointment, externally_exposable_id: id } })),
  )
  const [a, b] = journal.loadOwed('desk', 0, 2).deliveries
  if (a === undefined || b === undefined) throw new Error('two are owed')
  return { journal, a, b, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() }
}

test('the longest rest that an endpoint asked for counts, whichever answer came last', async () => {
  await using lanes = await twoLanes()
  const { journal, a, b } = lanes
  await journal.settle([waiting(a, 503, 1, 60_000.4)])
  await journal.settle([waiting(b, 503, 2, 5_000)])
  expect(journal.waits.markOf('desk')).toEqual({ releasedAt: 0, pausedUntil: 60_000, isUnanswered: false })
})

test('an endpoint is unanswered where the last attempt of all that wait got no answer', async () => {
  await using lanes = await twoLanes()
  const { journal, a, b } = lanes
  const isUnanswered = () => journal.waits.markOf('desk').isUnanswered
  expect(isUnanswered()).toBe(false)
  await journal.settle([waiting(a, null, 10)])
  expect(isUnanswered()).toBe(true)
  await journal.settle([waiting(b, 503, 20)])
  expect(isUnanswered()).toBe(false)
  await journal.settle([{ ...waiting(a, null, 30), attempt: { ...waiting(a, null, 30).attempt, number: 2 } }])
  expect(isUnanswered()).toBe(true)
})
