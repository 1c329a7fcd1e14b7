// A command that changes something: asks the daemon that owns the journal, or, with none running, takes the lock and does
// the work itself (spec section 8).
import { setTimeout as sleep } from 'node:timers/promises'
import { JournalError } from '../base/errors.js'
import { type Answer, carryOut, type RequestOf } from '../journal/carry-out.js'
import { Journal } from '../journal/journal.js'
import { JournalLock } from '../journal/lock.js'

const answerWithinMs = 15_000
const lookEveryMs = 100

/** @throws JournalError when the daemon that runs does not answer; the request is withdrawn then. */
export async function ask(
  journalPath: string,
  request: RequestOf,
  configured: ReadonlySet<string>,
  gapNotices: readonly string[] = [],
): Promise<Answer> {
  // A journal that is not there is not made by asking, and one of another version belongs to the daemon that runs.
  const journal = await Journal.open(journalPath, 'asker')
  let lock: JournalLock | null = null
  try {
    lock = JournalLock.tryTake(journalPath)
    if (lock !== null) return (await carryOut(journal, request, configured, gapNotices)).answer
    return await answerTo(journal, request)
  } finally {
    journal.close()
    lock?.release()
  }
}

async function answerTo(journal: Journal, request: RequestOf): Promise<Answer> {
  const id = await journal.requests.ask(request.kind, request.arguments)
  for (let waitedMs = 0; waitedMs < answerWithinMs; waitedMs += lookEveryMs) {
    await sleep(lookEveryMs)
    const answer = journal.requests.answerOf(id)
    if (answer !== undefined) return answer as Answer
  }
  if (!(await journal.requests.withdraw(id))) return journal.requests.answerOf(id) as Answer
  throw new JournalError(
    'a daemon owns the journal and did not answer within 15 s: look at its log; nothing was changed',
  )
}
