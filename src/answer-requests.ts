// What commands ask of the running daemon through the journal: looked for twice a second, carried out, answered.
import { errorCode } from './base/errors.js'
import type { Parts } from './daemon-parts.js'
import { carryOut } from './journal/carry-out.js'
import type { Journal } from './journal/journal.js'
import type { ReplayRunner } from './replay.js'
import type { Deliverer } from './send/deliver.js'

const lookForRequestsMs = 500

/** Answers until it is disposed of. */
export function answerRequests(
  journal: Journal,
  deliverer: Deliverer,
  replays: ReplayRunner,
  parts: Pick<Parts, 'reload' | 'log'>,
): Disposable {
  const timer = setInterval(() => {
    answerOpen(journal, deliverer, replays, parts).catch((error: unknown) => {
      parts.log.error({ code: errorCode(error) }, 'a request could not be carried out; trying again')
    })
  }, lookForRequestsMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** What commands ask of the daemon (spec section 8). */
async function answerOpen(
  journal: Journal,
  deliverer: Deliverer,
  replays: ReplayRunner,
  { reload, log }: Pick<Parts, 'reload' | 'log'>,
): Promise<void> {
  if (!journal.requests.hasNews()) return
  const { endpoints, gapNotices } = reload.settings
  const configured = new Set(endpoints.map(({ name }) => name))
  for (const request of journal.requests.open()) {
    const { answer, owedAgain, dueNow } = await carryOut(journal, request, configured, gapNotices)
    await journal.requests.answer(request.id, answer)
    log.info({ request: request.kind, ...answer }, 'request carried out')
    for (const endpoint of owedAgain) deliverer.rewind(endpoint)
    for (const endpoint of dueNow) deliverer.retry(endpoint)
    replays.wake()
  }
}
