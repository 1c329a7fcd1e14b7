// `notifyd retry`: what is owed and waits for its retry is tried now, with no step of its schedule used up by it.
import { UsageError } from '../base/errors.js'
import type { WaitSelection } from '../journal/waits.js'
import { ask } from './ask.js'
import { jsonText } from './printable.js'

export interface RetryOptions {
  readonly journal: string
  /** Names of the configured endpoints. */
  readonly configured: ReadonlySet<string>
  readonly endpoint: string | undefined
  /** External id. */
  readonly appointment: string | undefined
  readonly all: boolean
  readonly json: boolean
}

/** @throws UsageError when nothing is selected. */
export async function retryWaiting({ journal, configured, json, ...asked }: RetryOptions): Promise<string> {
  const selection: WaitSelection = {
    ...(asked.endpoint !== undefined && { endpoint: asked.endpoint }),
    ...(asked.appointment !== undefined && { appointment: asked.appointment }),
  }
  if (Object.keys(selection).length === 0 && !asked.all) {
    throw new UsageError('name --endpoint, --appointment, or --all that waits')
  }
  const answer = await ask(journal, { kind: 'retry', arguments: selection }, configured)
  if ('error' in answer) throw new UsageError(answer.error)
  if (json) return `${jsonText(answer)}\n`
  if (answer.done === 0) return 'nothing waits: see `notifyd status`, and `notifyd dead-letters list`\n'
  return `${answer.done} waiting lane${answer.done === 1 ? '' : 's'} due now, within each endpoint’s concurrency\n`
}
